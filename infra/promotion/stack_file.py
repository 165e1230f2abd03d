"""StackFile: settings of a stack file changed in place. Comments, blank lines and other values stay as they are."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from stacks.keys import PROJECT


class StackFileRefused(Exception):
    """A stack file cannot be changed by this; the message says where and the cure."""


def with_values(text: str, section: str, values: Mapping[str, str]) -> str:
    """The text of a stack file with these keys of a section changed, absent ones added after its others.

    Raises StackFileRefused where the file is written in a way that only a person should change.
    """
    try:
        return _with_values(text, section, values)
    except yaml.YAMLError:  # changed in its place, a value that others point at, or one over several lines
        raise StackFileRefused(_BY_HAND.format(section=section)) from None


_BY_HAND = "{section} is written in a way that is not changed in place: set its keys by hand"


def _with_values(text: str, section: str, values: Mapping[str, str]) -> str:
    expected = yaml.safe_load(text) or {}
    config = _config(expected)
    name = section if section in config else f"{PROJECT}:{section}"  # the engine takes both
    # Each apart: sections that share a value by an anchor would change together, here and in the file alike.
    config.update({name: copy.deepcopy(held) for name, held in config.items()})
    config.setdefault(name, {})
    changed = text
    for key, value in values.items():
        changed = _with_value(changed, name, key, value)
        config[name][key] = value
    if yaml.safe_load(changed) != expected:
        raise StackFileRefused(_BY_HAND.format(section=section))
    return changed


def read(path: Path) -> str:
    """The text of a file as it is, the ends of its lines among it."""
    return path.read_bytes().decode("utf-8")


def write(path: Path, text: str) -> None:
    """Replace the file, where a link leads to it, by one rename."""
    real = path.resolve()
    beside = real.with_name(f".{real.name}.renewed")
    beside.write_bytes(text.encode("utf-8"))
    beside.chmod(real.stat().st_mode)
    beside.replace(real)


def _config(document: dict[str, Any]) -> dict[str, Any]:
    """The object config. A file without one is refused where its block is looked for."""
    document["config"] = document.get("config") or {}
    config: dict[str, Any] = document["config"]
    return config


def _with_value(text: str, section: str, key: str, value: str) -> str:
    config = _entry(yaml.compose(text, yaml.SafeLoader), "config")
    if not isinstance(config, yaml.MappingNode) or config.flow_style:
        raise StackFileRefused("the file has no block named config: 'pulumi config set' makes one")
    images = _entry(config, section)
    if images is None:
        return _inserted(text, config, [f"{section}:", f"  {key}: {value}"])
    if not isinstance(images, yaml.MappingNode) or images.flow_style:
        raise StackFileRefused(f"{section} is not written as a block, a line for each key: write it so")
    found = _entry(images, key)
    if found is None:
        return _inserted(text, images, [f"{key}: {value}"])
    if not isinstance(found, yaml.ScalarNode):
        raise StackFileRefused(f"{section}.{key} is no single value: correct it")
    return text[: found.start_mark.index] + value + text[found.end_mark.index :]


def _entry(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """Value of a key of a mapping; None where there is none."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _inserted(text: str, block: yaml.MappingNode, lines: Sequence[str]) -> str:
    """Lines after a block's last value, as far in as the block's keys."""
    first, (_, last) = block.value[0][0], block.value[-1]
    indent = " " * first.start_mark.column
    newline = "\r\n" if "\r\n" in text else "\n"
    at = text.find("\n", _end(last))
    head, tail = (text[: at + 1], text[at + 1 :]) if at >= 0 else (text + newline, "")
    return head + "".join(f"{indent}{line}{newline}" for line in lines) + tail


def _end(node: yaml.Node) -> int:
    """Where a value's own text ends: a block's mark stands after the comments that follow it."""
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return _end(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        return _end(node.value[-1])
    return int(node.end_mark.index)
