"""Configuration: the engine's configuration of this stack made StackSettings. Ends the program on what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config as engine

from stacks.checks import check
from stacks.costs import monthly
from stacks.keys import PROJECT, all_keys
from stacks.load import foreign, with_others
from stacks.needs import missing
from stacks.parse import encrypted_object, settings_of
from stacks.refusal import SettingsRefused, refuse
from stacks.settings import StackSettings

ROOT = Path(__file__).parent.parent


def settings(root: Path | None = None) -> StackSettings:
    """Settings of the stack that the engine runs, checked together with the other stacks of the project.

    `root`: folder of Pulumi.yaml; the engine's, or the repository's where the engine tells none.
    Raises pulumi.RunError, which the engine prints without a traceback, with one sentence for each problem.
    """
    try:
        own = settings_of(pulumi.get_stack(), _values())
        check(with_others(own, root or _root()), monthly)
        refuse(missing(own))
    except SettingsRefused as refused:
        raise pulumi.RunError(str(refused)) from None
    return own


def _root() -> Path:
    """The engine's project folder; the repository where a program runs inline, which is told none."""
    told = Path(pulumi.get_root_directory())
    return told if (told / "Pulumi.yaml").is_file() else ROOT


def _values() -> dict[str, Any]:
    """Top-level keys of this project, objects opened. Raises SettingsRefused for keys that nothing reads."""
    values: dict[str, Any] = {}
    problems = []
    for full, value in _engine_configuration().items():
        namespace, _, name = full.rpartition(":")
        if namespace == PROJECT:
            values[name] = _opened(name, value)
            if _is_encrypted(full) and not (name in all_keys() and all_keys()[name].is_secret):
                problems.append(encrypted_object(name))
        elif namespace != "pulumi":
            problems.append(foreign(full))
    refuse(problems)
    return values


def _engine_configuration() -> Mapping[str, str]:
    """Every key that the engine gave: the stock host by its variable, an inline program by the SDK's own map."""
    return {**engine.get_config_env(), **engine.CONFIG.get()}


def _is_encrypted(full: str) -> bool:
    """Whether the stack file holds the key, or a part of its object, encrypted; told in the same two ways."""
    return engine.is_config_secret(full) or full in engine.get_config_secret_keys_env()


def _opened(name: str, value: str) -> Any:
    """Objects and lists reach the program as JSON; everything else as it was written."""
    if name not in set(_structured()):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _structured() -> Iterator[str]:
    """Top-level keys whose value is an object or a list."""
    for name, key in all_keys().items():
        if "." in name or isinstance(key.default, tuple):
            yield name.partition(".")[0]
