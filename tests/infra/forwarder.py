"""Forwarder for tests: its configuration read back, and its script run as the forwarder runs it, in LuaJIT."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lupa.luajit21 import LuaRuntime, lua_type  # type: ignore[import-untyped]

TIME_KEY = "timestamp"


@dataclass(frozen=True)
class Part:
    """One section of the configuration: SERVICE, INPUT, FILTER, OUTPUT or PARSER; keys in lower case."""

    kind: str
    keys: dict[str, str]


def parts(text: str) -> list[Part]:
    """The sections of a configuration in Fluent Bit's classic form."""
    found: list[Part] = []
    for line in filter(str.strip, text.splitlines()):
        if line.startswith("["):
            found.append(Part(line.strip("[]"), {}))
        else:
            key, value = line.split(maxsplit=1)
            found[-1].keys[key.lower()] = value
    return found


def runtime_record(line: str, *, pod: str, namespace: str, container: str, stream: str = "stdout") -> dict[str, Any]:
    """A line of a container as it stands before the parser: with what the runtime and the pod's labels add."""
    return {
        "time": "2026-11-20T15:00:00.000000001+00:00",
        "stream": stream,
        "_p": "F",
        "log": line,
        "kubernetes": {
            "pod_name": pod,
            "namespace_name": namespace,
            "container_name": container,
            "labels": {"app": container},
            "host": "node",
        },
    }


def parsed(record: dict[str, Any], time_format: str) -> tuple[datetime | None, dict[str, Any]]:
    """What the parser filter makes of a record: the line's own time, and its keys beside those that were there.

    A line that is no JSON object stays. `time_format` is the parser's; its %L are the parts of a second.
    """
    try:
        keys = json.loads(record["log"])
    except ValueError:
        return None, record
    if not isinstance(keys, dict):
        return None, record
    kept = {key: value for key, value in record.items() if key != "log"}
    told = keys.pop(TIME_KEY, None)
    when = datetime.strptime(told, time_format.replace(".%L", ".%f")) if told else None  # noqa: DTZ007  (has %z)
    return when, kept | keys


def in_columns(script: str, record: dict[str, Any], tag: str = "kube.x") -> dict[str, Any]:
    """What the script makes of a record. Raises AssertionError unless it leaves the time alone."""
    lua = LuaRuntime(unpack_returned_tuples=True)
    lua.execute(script)
    code, when, found = lua.globals()["columns"](tag, 12.5, lua.table_from(record, recursive=True))
    assert (code, when) == (2, 12.5)
    plain: dict[str, Any] = _plain(found)
    return plain


def _plain(value: Any) -> Any:
    return {key: _plain(each) for key, each in value.items()} if lua_type(value) == "table" else value
