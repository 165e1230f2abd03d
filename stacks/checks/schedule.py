"""Schedule forms: cron lines and time zones as Kubernetes reads them. Pure; asks the tz database, never the clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True)
class Field:
    """One of the five fields of a cron line: its numbers, and the names that some have."""

    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")),
    Field("weekday", 0, 6, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
)
"""Sunday is 0 and never 7."""

_PART = re.compile(r"(?P<low>[*?]|\w+)(-(?P<high>\w+))?(/(?P<step>\d+))?")


def cron_fault(line: str) -> str:
    """What is wrong with a line of five fields, in words; empty when nothing is."""
    given = line.split(" ")
    if len(given) != len(FIELDS):
        return f"it has {len(given)} fields and needs {len(FIELDS)}"
    for field, text in zip(FIELDS, given, strict=True):
        for part in text.split(","):
            if not _is_part(field, part):
                return f"{part!r} is no {field.name} ({field.first} to {field.last})"
    return ""


def _is_part(field: Field, part: str) -> bool:
    """A number, a range, everything, each perhaps with a step."""
    found = _PART.fullmatch(part)
    if found is None or (found["step"] is not None and int(found["step"]) == 0):
        return False
    if found["low"] in {"*", "?"}:
        return found["high"] is None
    low, high = _number(field, found["low"]), _number(field, found["high"] or found["low"])
    return low is not None and high is not None and field.first <= low <= high <= field.last


def _number(field: Field, text: str) -> int | None:
    """A number or the name of one."""
    if text.isascii() and text.isdigit():
        return int(text)
    return field.names.index(text.upper()) + field.first if text.upper() in field.names else None


def is_time_zone(name: str) -> bool:
    """Whether the tz database knows it; on a machine without one, whether it looks like one of its names."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", name) or name.lower() == "local":
        return False
    return _is_known(name) or not _is_known("UTC")


def _is_known(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of the database, such as America, is an OSError
        return False
    return True
