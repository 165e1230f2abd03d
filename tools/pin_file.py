"""PinFile: the images and charts of tools/versions.toml, read and written. Asks nobody; changes one value at a time."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stacks.pins import RESTORE
from stacks.settings.platform import UNRESOLVED


class PinRefused(Exception):
    """A pin cannot be asked for or written; the message says why and the cure."""


@dataclass(frozen=True)
class Pin:
    """One table of an image or a chart, and the value in it that is asked for."""

    kind: str
    name: str
    table: dict[str, Any]

    @property
    def title(self) -> str:
        return f"{self.kind}.{self.name}"

    @property
    def key(self) -> str:
        """The line that is written."""
        return "digest" if self.kind == "image" else "version"

    @property
    def value(self) -> str:
        return str(self.table.get(self.key, UNRESOLVED))

    @property
    def registry(self) -> str:
        return str(self.table.get("registry", "charts" if self.kind == "chart" else "docker"))


class Standing(StrEnum):
    """How a pin stands against its registry."""

    SAME = "same"
    UNRESOLVED = "unresolved"
    MOVED = "moved"


@dataclass(frozen=True)
class Asked:
    """A pin and what its registry says today."""

    pin: Pin
    now: str

    @property
    def standing(self) -> Standing:
        if self.pin.value == self.now:
            return Standing.SAME
        return Standing.UNRESOLVED if self.pin.value == UNRESOLVED else Standing.MOVED


def pins(text: str, names: Sequence[str] = ()) -> list[Pin]:
    """The images and charts of a versions file, or those of these names. Raises PinRefused for an unknown one."""
    found = list(_pins(text))
    if not found:
        raise PinRefused(f"tools/versions.toml holds no image and no chart: {RESTORE}")
    if unknown := set(names) - {pin.name for pin in found} - {pin.title for pin in found}:
        known = ", ".join(pin.title for pin in found)
        raise PinRefused(f"{', '.join(sorted(unknown))} is in no table of tools/versions.toml, which has {known}")
    return [pin for pin in found if not names or {pin.name, pin.title} & set(names)]


def _pins(text: str) -> Iterator[Pin]:
    """Every table of an image or a chart. Raises PinRefused for one that could not be asked for."""
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PinRefused(f"tools/versions.toml is no TOML ({error}): correct it, or {RESTORE}") from None
    for kind, needed in (("image", ("repository", "tag")), ("chart", ())):
        of_kind = tables.get(kind, {})
        if not isinstance(of_kind, dict) or not all(isinstance(table, dict) for table in of_kind.values()):
            raise PinRefused(f"tools/versions.toml has {kind} otherwise than in tables [{kind}.NAME]: {RESTORE}")
        for name, table in of_kind.items():
            wrong = [key for key in needed if key not in table]
            wrong += [key for key in _KEYS if not isinstance(table.get(key, ""), str)]
            if wrong:
                raise PinRefused(
                    f"{kind}.{name} of tools/versions.toml has no {wrong[0]}, or none that is a text: add it"
                )
            yield Pin(kind, name, table)


_KEYS = ("registry", "repository", "tag", "digest", "version")


def written(text: str, asked: Asked) -> str:
    """The file with one value changed. Raises PinRefused where that value cannot be found to be changed alone."""
    pin = asked.pin
    header = re.compile(rf'^\[{pin.kind}\.(?:{re.escape(pin.name)}|"{re.escape(pin.name)}")\][^\n]*\n', re.MULTILINE)
    line = re.compile(rf'^({pin.key}\s*=\s*")[^"\n]*(")', re.MULTILINE)
    start = header.search(text)
    end = re.search(r"^\[", text[start.end() :], re.MULTILINE) if start else None
    if start is None:
        raise PinRefused(
            f"{pin.title} has no line [{pin.title}] in tools/versions.toml: write it as a table of its own"
        )
    until = start.end() + end.start() if end else len(text)
    inside, times = line.subn(rf"\g<1>{asked.now}\g<2>", text[start.end() : until])
    changed = text[: start.end()] + inside + text[until:]
    expected = tomllib.loads(text)
    expected[pin.kind][pin.name][pin.key] = asked.now
    if times != 1 or tomllib.loads(changed) != expected:
        raise PinRefused(f'{pin.title} has no line {pin.key} = "…" of its own in tools/versions.toml: add one')
    return changed
