"""Document: a YAML file that holds one object, read or refused. Knows no setting."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from stacks.refusal import SettingsRefused


class _Unambiguous(yaml.SafeLoader):
    """A loader that refuses a key written twice, where PyYAML takes the last and the engine refuses the file."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if (key.tag, key.value) in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{key.value} stands there twice", key.start_mark
                    )
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep=deep)


def mapping(path: Path, absent: str = "run in the folder of the project") -> Mapping[str, Any]:
    """The object in a file, empty for an empty file. `absent`: the cure for no file.

    Raises SettingsRefused for anything else.
    """
    try:
        read = yaml.load(path.read_text(encoding="utf-8"), _Unambiguous) or {}  # noqa: S506  (a SafeLoader)
        _refuse_endless(read)
    except FileNotFoundError:
        raise SettingsRefused([f"{path.name} is missing: {absent}"]) from None
    except OSError as error:
        raise SettingsRefused([f"{path.name} cannot be read, {error.strerror}: make it a readable file"]) from error
    except RecursionError:
        raise SettingsRefused(
            [f"{path.name} is nested too deeply or holds itself, or more than is ever read: write it without anchors"]
        ) from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: bytes that are no UTF-8, a date or number that is none
        raise SettingsRefused([f"{path.name} is no YAML, correct it: {' '.join(str(error).split())}"]) from error
    if not isinstance(read, Mapping):
        raise SettingsRefused([f"{path.name} must hold an object, keys with their values"])
    return read


_ENTRIES_MAX = 10_000
"""More than any file of ours holds, written out. Anchors make of half a kilobyte a file that never ends."""


def _refuse_endless(value: Any, left: int = _ENTRIES_MAX) -> int:
    """How many entries are left of those that may be.

    Raises RecursionError for a value that holds itself by an anchor, and for one too deep or too large to be walked.
    """
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    for one in inner:
        left = _refuse_endless(one, left - 1)
    if left < 0:
        raise RecursionError
    return left
