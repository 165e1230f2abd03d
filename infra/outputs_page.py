"""Outputs page: docs/outputs.md, what a stack tells and of which layer it is, from the model. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic.alias_generators import to_camel

from infra.outputs import Outputs

HEADER = """\
# Outputs

What a stack tells people, CI and other commands: names and addresses, never a key or a token. Written by `make docs`
from `infra/outputs.py`; a test freezes the list. A stack tells what its layers have: `local` has no cloud.

```sh
pulumi stack output -s prod                # all of them
pulumi stack output siteUrl -s prod        # one
pulumi stack output readme -s prod         # what stands where, as a console shows it
pulumi stack output --json -s prod         # for scripts: infra.outputs.Outputs reads it
```
"""

FOOTER = """
Deployment tokens and keys are not among them, and the program never lists one. Whoever deploys the page fetches its
token at that moment (`az staticwebapp secrets list`); the registry's token password is made outside and comes in as a
secret; the tunnel's key is read from the vault under the name of `vpnKeySecretName`.
"""


def page() -> str:
    """The page as Markdown."""
    return "\n".join([HEADER, "| output | layer | what it is |", "|---|---|---|", *_rows(), FOOTER])


def _rows() -> Iterator[str]:
    for name, field in Outputs.model_fields.items():
        extra = field.json_schema_extra
        layer = extra["layer"] if isinstance(extra, dict) else ""
        yield f"| `{to_camel(name)}` | {layer} | {field.description} |"
