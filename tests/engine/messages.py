"""Messages: what the engine and a provider say to one another, as plain Python. Pure; knows no resource type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]

Properties = dict[str, Any]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How an unknown value is written on the wire during a preview."""
INTERNAL = "__"
"""Prefix of properties that the SDK keeps for itself."""


def properties(struct: struct_pb2.Struct) -> Properties:
    """A wire struct as a dictionary; whole numbers are integers again."""
    return {key: _plain(value) for key, value in struct.fields.items()}


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """A dictionary as a wire struct."""
    message = struct_pb2.Struct()
    message.update(dict(values))
    return message


def _plain(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return properties(value.struct_value)
        case "list_value":
            return [_plain(element) for element in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case _:
            return None


def holds_unknown(value: Any) -> bool:
    """Whether any leaf is unknown."""
    if isinstance(value, Mapping):
        return any(holds_unknown(inner) for inner in value.values())
    if isinstance(value, list):
        return any(holds_unknown(inner) for inner in value)
    return bool(value == UNKNOWN)


def strings(value: Any) -> set[str]:
    """Every string leaf of a value."""
    if isinstance(value, Mapping):
        return set().union(*(strings(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(strings(inner) for inner in value))
    return {value} if isinstance(value, str) else set()


def changed_paths(old: Any, new: Any, path: str = "") -> dict[str, str]:
    """Every property path that differs, as the engine writes paths, with "add", "delete" or "update"."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        changes: dict[str, str] = {}
        for key in sorted(old.keys() | new.keys()):
            if key.startswith(INTERNAL):
                continue
            inner = f"{path}.{key}" if path else key
            if key not in old:
                changes[inner] = "add"
            elif key not in new:
                changes[inner] = "delete"
            else:
                changes |= changed_paths(old[key], new[key], inner)
        return changes
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        changes = {}
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            changes |= changed_paths(before, after, f"{path}[{index}]")
        return changes
    return {} if old == new and not holds_unknown(new) else {path: "update"}
