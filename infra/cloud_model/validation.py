"""Validation: what a provider would refuse of a resource's inputs, by the package's own classes. Pure."""

from __future__ import annotations

import collections.abc
import re
import typing
from collections.abc import Iterator
from typing import Any

from pulumi.runtime.rpc import UNKNOWN

from infra.cloud_model.schema import alternatives, args_class, is_args, is_enum, shape

PRIMITIVES: dict[Any, tuple[type, ...]] = {str: (str,), int: (int,), float: (int, float), bool: (bool,)}

TAKEN_BESIDE = {
    "KnownDataFlowStreams": re.compile(r"Custom-\w+"),
    "ConditionOperator": re.compile("Equals|GreaterThan|GreaterThanOrEqual|LessThan|LessThanOrEqual"),
}
"""What Azure takes beside an enumeration of the package: streams of own tables, and the operators of query alerts,
under whose name the package lists those of something else."""


def failures(token: str, inputs: dict[str, Any]) -> list[str]:
    """What is wrong with the inputs of a resource, one sentence each: missing, unknown, wrong type, outside an enum.

    Unknown values and placeholders such as `<secret>` count as given. A type without a class has no failures.
    """
    args = args_class(token)
    return [] if args is None else list(_of_object(args, inputs, ""))


def _of_object(args: type, value: dict[str, Any], path: str) -> Iterator[str]:
    known = shape(args)
    for name in sorted(known.required - {key for key, given in value.items() if given is not None}):
        yield f"missing required property {path}{name}"
    for key, given in value.items():
        if key.startswith("__"):
            continue
        if key not in known.properties:
            yield f"unknown property {path}{key}: {args.__name__} has none of this name"
        elif given is not None:
            yield from _of_value(known.properties[key], given, path + key)


def _of_value(hint: Any, value: Any, path: str) -> Iterator[str]:
    if value == UNKNOWN or (isinstance(value, str) and value.startswith("<") and value.endswith(">")):
        return
    options = alternatives(hint)
    if not options or Any in options:
        return
    enums = [one for one in options if is_enum(one)]
    if enums and isinstance(value, str | int):
        allowed = sorted(str(member.value) for one in enums for member in one)
        beside = [TAKEN_BESIDE[one.__name__] for one in enums if one.__name__ in TAKEN_BESIDE]
        if str(value) not in allowed and not any(one.fullmatch(str(value)) for one in beside):
            yield f"{path} is {value!r}, which is none of {', '.join(allowed)}"
        return
    verdicts = [list(_of_option(option, value, path)) for option in options if not is_enum(option)]
    if verdicts:
        yield from min(verdicts, key=len)


def _of_option(option: Any, value: Any, path: str) -> Iterator[str]:
    origin = typing.get_origin(option)
    if is_args(option) or origin is collections.abc.Mapping or option is dict or origin is dict:
        if not isinstance(value, dict):
            yield f"{path} is {value!r} where an object is wanted"
        elif is_args(option):
            yield from _of_object(option, value, path + ".")
        elif typing.get_args(option):
            for key, each in value.items():
                yield from _of_value(typing.get_args(option)[1], each, f"{path}.{key}")
    elif origin in (collections.abc.Sequence, list):
        if not isinstance(value, list):
            yield f"{path} is {value!r} where a list is wanted"
        else:
            for index, each in enumerate(value):
                yield from _of_value(typing.get_args(option)[0], each, f"{path}[{index}]")
    elif option in PRIMITIVES and not _has_type(value, PRIMITIVES[option]):
        yield f"{path} is {value!r} where a value of type {option.__name__} is wanted"


def _has_type(value: Any, wanted: tuple[type, ...]) -> bool:
    return isinstance(value, wanted) and (bool in wanted or not isinstance(value, bool))
