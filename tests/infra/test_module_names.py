"""Names of modules: the stock Python host runs with `infra/` first on the path, so none may hide an installed one.

tests/test_import_rules.py asks the same of the standard library.
"""

from __future__ import annotations

from importlib.metadata import packages_distributions
from importlib.util import find_spec

from tests.stacks.builders import ROOT

PLAIN = {"__init__", "__main__", "__pycache__"}


def modules() -> set[str]:
    """Top-level names that `infra/` on the path would give."""
    return {path.stem for path in (ROOT / "infra").iterdir() if path.suffix == ".py" or path.is_dir()} - PLAIN


def test_no_module_directly_under_infra_bears_the_name_of_an_installed_package() -> None:
    installed = set(packages_distributions()) - {"infra"}
    assert {"pulumi", "yaml", "pydantic"} <= installed
    # azure-identity claims a top-level name, images, under which it installs nothing: what cannot be imported hides.
    assert not [name for name in modules() & installed if find_spec(name)]
