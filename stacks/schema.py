"""Schema: the config block of Pulumi.yaml, generated from the settings model. `python -m stacks.schema --write`.

The engine knows five types only (string, integer, boolean, array, object), so every other type is a string there; the
model, which reads it afterwards, is stricter. It refuses a stack without a value for a key without a default: hence
every key has one. A dotted name is a path into an object.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import TypeAdapter

from stacks import reference
from stacks.keys import Key, all_keys

ROOT = Path(__file__).parent.parent
PROJECT_FILE = ROOT / "Pulumi.yaml"
MARK = "# Generated from stacks/settings by `python -m stacks.schema --write`; a test compares. Do not edit below.\n"


def declaration(key: Key) -> dict[str, Any]:
    """How Pulumi.yaml declares one setting: type, default, description, and items or secret where they apply."""
    declared: dict[str, Any] = {"type": _type_name(key.annotation)}
    if declared["type"] == "array":
        declared["items"] = {"type": _type_name(get_args(key.annotation)[0])}
    if key.is_secret:
        declared["secret"] = True
    return {**declared, "default": engine_default(key), "description": key.field.description}


def engine_default(key: Key) -> Any:
    """The default as the engine's type can hold it."""
    if key.is_secret:
        return ""
    default = TypeAdapter(key.annotation).dump_python(key.default, mode="json")
    return str(default) if isinstance(default, float) else default


def _type_name(annotation: Any) -> str:
    if get_origin(annotation) is tuple:
        return "array"
    return {bool: "boolean", int: "integer"}.get(annotation, "string")


ENGINE_KEYS = {"pulumi:disable-default-providers": {"value": ["*"]}}
"""Every provider is made by the program from the settings: nobody's ambient subscription or kubeconfig is used."""


def config_block() -> str:
    """The config block as YAML text."""
    block = {"config": {**ENGINE_KEYS, **{name: declaration(key) for name, key in all_keys().items()}}}
    return yaml.safe_dump(block, sort_keys=False, width=120, allow_unicode=True)


def with_block(project_file: str) -> str:
    """The text of Pulumi.yaml with what stands below the mark renewed. Raises ValueError without the mark."""
    head, mark, _ = project_file.partition(MARK)
    if not mark:
        raise ValueError(f"Pulumi.yaml lacks the line {MARK.strip()!r}: put it where the config block begins")
    return head + mark + config_block()


def generated() -> dict[Path, str]:
    """Every generated file with the text it should have."""
    return {
        PROJECT_FILE: with_block(PROJECT_FILE.read_text(encoding="utf-8")),
        ROOT / "docs" / "configuration.md": reference.page(),
    }


def main(arguments: list[str] | None = None) -> int:
    """Write or compare the generated files; 1 when one is stale."""
    parser = argparse.ArgumentParser(prog="python -m stacks.schema", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the files instead of comparing them")
    write = parser.parse_args(arguments).write
    stale = [
        path for path, text in generated().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if write:
            path.write_text(generated()[path], encoding="utf-8")
        sys.stdout.write(
            f"{path.relative_to(ROOT)} {'written' if write else 'is stale: python -m stacks.schema --write'}\n"
        )
    return 0 if write else len(stale[:1])


if __name__ == "__main__":
    sys.exit(main())
