"""Values: property values as the engine is told them, with secrets and unknowns marked. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime import rpc

UNKNOWN = rpc.UNKNOWN
"""A value that only the cloud can tell; the engine's own mark."""

SIGNATURE = rpc._special_sig_key
SECRET_SIGNATURE = rpc._special_secret_sig
RESOURCE_SIGNATURE = rpc._special_resource_sig


@dataclass(frozen=True)
class Secret:
    """A value that the engine was told to keep secret."""

    value: Any


def decoded(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Properties from the wire: secrets as `Secret`, resources by their URN, unknowns as `UNKNOWN`, whole as int."""
    return {key: _marked(value) for key, value in json_format.MessageToDict(struct).items()}


def _marked(value: Any) -> Any:
    if isinstance(value, list):
        return [_marked(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, dict):
        return value
    if value.get(SIGNATURE) == SECRET_SIGNATURE:
        return Secret(_marked(value["value"]))
    if value.get(SIGNATURE) == RESOURCE_SIGNATURE:
        return value["urn"]
    return {key: _marked(each) for key, each in value.items()}


def encoded(properties: dict[str, Any]) -> struct_pb2.Struct:
    """Properties for the wire; None is left out, as a provider does."""
    struct = struct_pb2.Struct()
    struct.update({key: _signed(value) for key, value in properties.items() if value is not None})
    return struct


def _signed(value: Any) -> Any:
    if isinstance(value, Secret):
        return {SIGNATURE: SECRET_SIGNATURE, "value": _signed(value.value)}
    if isinstance(value, dict):
        return {key: _signed(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_signed(each) for each in value]
    return value


def reveal(value: Any) -> Any:
    """The value with every secret in it in plain."""
    if isinstance(value, Secret):
        return reveal(value.value)
    if isinstance(value, dict):
        return {key: reveal(each) for key, each in value.items()}
    return [reveal(each) for each in value] if isinstance(value, list) else value


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value within that is neither object nor list, with its path; a secret is one leaf."""
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from leaves(each, (*path, key))
    elif isinstance(value, list) and value:
        for index, each in enumerate(value):
            yield from leaves(each, (*path, str(index)))
    else:
        yield path, value
