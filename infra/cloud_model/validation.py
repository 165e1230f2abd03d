"""Validation: what a provider would refuse of a resource's inputs, by the package's own classes. Pure."""

from __future__ import annotations

import collections.abc
import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass
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


BEYOND_ENUMS = {
    ("azure-native:monitor:DataCollectionRule", "dataFlows.streams"): r"Custom-\w+_CL",
    ("azure-native:monitor:ScheduledQueryRule", "criteria.allOf.operator"): r"Equals|(Greater|Less)Than(OrEqual)?",
}
"""By type and property: what the cloud takes beside the package's enumeration, which is too small or another type's."""

INDEX = re.compile(r"\[\d+\]")


def failures(token: str, inputs: dict[str, Any]) -> list[str]:
    """What is wrong with the inputs of a resource, one sentence each: missing, unknown, wrong type, outside an enum.

    Unknown values and placeholders such as `<secret>` count as given. A type without a class has no failures.
    """
    args = args_class(token)
    return [] if args is None else [str(each) for each in _of_object(args, inputs, "") if not _is_taken(token, each)]


@dataclass(frozen=True)
class _Failure:
    """One thing wrong, and where; `outside_enum` holds the value that an enumeration does not list."""

    path: str
    text: str
    outside_enum: str | None = None

    def __str__(self) -> str:
        return self.text


def _is_taken(token: str, failure: _Failure) -> bool:
    pattern = BEYOND_ENUMS.get((token, INDEX.sub("", failure.path)))
    return bool(pattern and failure.outside_enum and re.fullmatch(pattern, failure.outside_enum))


def _of_object(args: type, value: dict[str, Any], path: str) -> Iterator[_Failure]:
    known = shape(args)
    for name in sorted(known.required - {key for key, given in value.items() if given is not None}):
        yield _Failure(path + name, f"missing required property {path}{name}")
    for key, given in value.items():
        if key.startswith("__"):
            continue
        if key not in known.properties:
            yield _Failure(path + key, f"unknown property {path}{key}: {args.__name__} has none of this name")
        elif given is not None:
            yield from _of_value(known.properties[key], given, path + key)


def _of_value(hint: Any, value: Any, path: str) -> Iterator[_Failure]:
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
            yield _Failure(path, f"{path} is {value!r}, which is none of {', '.join(allowed)}", str(value))
        return
    verdicts = [list(_of_option(option, value, path)) for option in options if not is_enum(option)]
    if verdicts:
        yield from min(verdicts, key=len)


def _of_option(option: Any, value: Any, path: str) -> Iterator[_Failure]:
    origin = typing.get_origin(option)
    if is_args(option) or origin is collections.abc.Mapping or option is dict or origin is dict:
        if not isinstance(value, dict):
            yield _Failure(path, f"{path} is {value!r} where an object is wanted")
        elif is_args(option):
            yield from _of_object(option, value, path + ".")
        elif typing.get_args(option):
            for key, each in value.items():
                yield from _of_value(typing.get_args(option)[1], each, f"{path}.{key}")
    elif origin in (collections.abc.Sequence, list):
        if not isinstance(value, list):
            yield _Failure(path, f"{path} is {value!r} where a list is wanted")
        else:
            for index, each in enumerate(value):
                yield from _of_value(typing.get_args(option)[0], each, f"{path}[{index}]")
    elif option in PRIMITIVES and not _has_type(value, PRIMITIVES[option]):
        yield _Failure(path, f"{path} is {value!r} where a value of type {option.__name__} is wanted")


def _has_type(value: Any, wanted: tuple[type, ...]) -> bool:
    return isinstance(value, wanted) and (bool in wanted or not isinstance(value, bool))
