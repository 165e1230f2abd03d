"""Load: Pulumi.yaml's defaults and a stack file made StackSettings. Reads these two files; needs no Pulumi."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stacks.document import mapping
from stacks.keys import PROJECT, all_keys, how_to_set
from stacks.needs import SECRET, Need, for_plan, missing, needed
from stacks.parse import encrypted_object, settings_of
from stacks.refusal import SettingsRefused, refuse
from stacks.settings import StackSettings

__all__ = ["Need", "SettingsRefused", "for_plan", "load", "load_all", "missing", "needed", "stack_names", "with_others"]


def stack_names(root: Path) -> list[str]:
    """Names of the stacks whose files lie in the project folder, sorted. Other copies, Pulumi.A.B.yaml, are none."""
    files = (path.name.split(".") for path in root.glob("Pulumi.*.yaml") if path.is_file())
    return sorted(parts[1] for parts in files if len(parts) == len(("Pulumi", "STACK", "yaml")))


def load_all(root: Path) -> list[StackSettings]:
    """Settings of every stack of the project folder. Raises as load does."""
    return [load(stack, root) for stack in stack_names(root)]


def load(stack: str, root: Path) -> StackSettings:
    """Settings of one stack: what Pulumi.STACK.yaml says, and for the rest the defaults of Pulumi.yaml.

    `root` is the folder of both files. Encrypted values are not decrypted: they read `<secret>`.
    Raises SettingsRefused for a stack without a file and for whatever settings_of refuses.
    """
    path = root / f"Pulumi.{stack}.yaml"
    if stack not in stack_names(root):
        known = ", ".join(stack_names(root)) or "none, for there is no stack file"
        raise SettingsRefused([f"stack {stack} has no file Pulumi.{stack}.yaml: choose one of {known}, or write it"])
    defaults = _declared_defaults(mapping(root / "Pulumi.yaml"))
    own = mapping(path)
    try:
        return settings_of(stack, _merged(defaults, _own_values(own)))
    except SettingsRefused as refused:
        raise SettingsRefused(f"{path.name}: {problem}" for problem in refused.problems) from None


def with_others(own: StackSettings, root: Path) -> list[StackSettings]:
    """All stacks of the project folder, sorted, `own` in place of its file. Raises as load does."""
    others = [load(stack, root) for stack in stack_names(root) if stack != own.stack]
    return sorted([own, *others], key=lambda settings: settings.stack)


def _declared_defaults(project: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of Pulumi.yaml's schema, dotted names opened into objects."""
    opened: dict[str, Any] = {}
    declarations = project.get("config") or {}
    if not isinstance(declarations, Mapping):
        raise SettingsRefused(["Pulumi.yaml: config must be an object: 'python -m stacks.schema --write' writes it"])
    for name, declared in declarations.items():
        if ":" in str(name) or not isinstance(declared, Mapping) or "default" not in declared:
            continue
        *folders, last = str(name).split(".")
        place = opened
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = declared["default"]
    return opened


_BESIDE_CONFIG = {"config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider"}
"""What the engine reads in a stack file."""


def _own_values(file: Mapping[str, Any]) -> dict[str, Any]:
    """Top-level keys of a stack file without the project's prefix. Raises SettingsRefused for what is not ours."""
    config = {} if file.get("config") is None else file["config"]
    if not isinstance(config, Mapping):
        raise SettingsRefused([f"config is {config!r} and must be an object: '{how_to_set('vpn.sku')}'"])
    problems = [
        f"{key} is read by nothing beside config: move it there or remove it"
        for key in file
        if key not in _BESIDE_CONFIG
    ]
    values: dict[str, Any] = {}
    for full, value in config.items():
        namespace, _, name = str(full).rpartition(":")
        if namespace == "pulumi":
            continue
        if namespace not in {"", PROJECT}:
            problems.append(foreign(str(full)))
            continue
        problems += _misplaced_secrets(name, value)
        if name in values:
            problems.append(f"{name} stands there twice, with the prefix {PROJECT}: and without: remove one")
        values[name] = SECRET if isinstance(value, Mapping) and "secure" in value else value
    refuse(problems)
    return values


def foreign(full: str) -> str:
    """The sentence for a key of another namespace."""
    return f"{full} is read by nothing: providers are made from {PROJECT} settings; 'pulumi config rm {full}'"


def _misplaced_secrets(name: str, value: Any) -> list[str]:
    """Sentences for a secret in plain text, and for encryption where the model knows no secret."""
    secrets = {key.name for key in all_keys().values() if key.is_secret}
    encrypted = isinstance(value, Mapping) and "secure" in value
    if name in secrets and value and not encrypted:
        return [f"{name} stands there in plain text: '{how_to_set(name)}', and let nobody use the old value"]
    if name not in secrets and "secure" in _mapping_keys(value):
        return [encrypted_object(name)]
    return []


def _mapping_keys(value: Any) -> set[str]:
    """Every key of nested objects."""
    if isinstance(value, Mapping):
        return {str(key) for key in value} | {key for inner in value.values() for key in _mapping_keys(inner)}
    if isinstance(value, list):
        return {key for inner in value for key in _mapping_keys(inner)}
    return set()


def _merged(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Objects merged key by key, as the engine merges a dotted default into a stack's object."""
    merged = dict(defaults)
    for name, value in own.items():
        beneath = merged.get(name)
        both = isinstance(beneath, Mapping) and isinstance(value, Mapping)
        merged[name] = _merged(beneath, value) if both else value  # type: ignore[arg-type]
    return merged
