"""Reference: the page that lists every policy and every exception. Pure."""

from __future__ import annotations

from infra.policies import RULES, STACK_RULES
from infra.policies.exceptions import EXEMPTIONS, NO_SECRETS

PAGE = """\
# Policies

What every stack must keep to. Written by `make docs` from `infra/policies`; a test compares. The rules run in three
places:

- on the recorded plan of the committed stacks, in the tests: no cloud, no CLI;
- in the engine, on what it is about to do: `pulumi preview --policy-pack infra/policy_pack`, and the same for `up`. A
  broken rule ends the run with its sentence and the cure before the resource is touched;
- one by one in the tests, each on a resource that keeps to it and on every way to break it.

What a preview does not know yet is not judged; the update that follows judges it. A rule about a
stack is judged by the preview before anything happens, by an update only at its end: never skip the preview.

The CLI starts packs in Python by a small program, `pulumi-analyzer-policy-python`, which the official installer puts
beside it. Where it is missing the tests put one of six lines in its place, so that the rest is the real engine.

## About one resource

| rule | what it wants | types |
|---|---|---|
{rules}

## About a stack

| rule | what it wants |
|---|---|
{stack_rules}

## Exceptions

`infra/policies/exceptions.py` is the only place; each has its reason.

| rule | type | name | reason |
|---|---|---|---|
{exceptions}

Settings whose names sound secret and whose values are none:

| setting | reason |
|---|---|
{no_secrets}
"""


def page() -> str:
    """The page as Markdown."""
    return PAGE.format(
        rules="\n".join(f"| {rule.name} | {rule.says} | {_types(rule.types)} |" for rule in RULES),
        stack_rules="\n".join(f"| {rule.name} | {rule.says} |" for rule in STACK_RULES),
        exceptions="\n".join(f"| {one.rule} | {one.type} | `{one.name}` | {one.reason} |" for one in EXEMPTIONS),
        no_secrets="\n".join(f"| `{name}` | {reason} |" for name, reason in NO_SECRETS.items()),
    )


def _types(types: tuple[str, ...]) -> str:
    return ", ".join(type_.rpartition(":")[2] if "*" not in type_ else "all of Azure" for type_ in types)
