"""`make pins`: digests of others' images and versions of charts in tools/versions.toml, asked of their registries.

Online, on the machine of whoever raises a version. Fills what is `unresolved`; what has moved since is said, and
written only with --move. Never makes up a digest, and writes nothing but the value asked for: comments stay.

Hosts are not in the file. A table names its registry by a key, and the host comes from SPY_REGISTRY_KEY in the
environment (a login from SPY_REGISTRY_KEY_LOGIN, USER:PASSWORD, where not anybody may read) or from upstream.KEY of a
stack.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx

from infra.registry_client import LOOPBACK, RegistryRefused, Visitor, asking
from stacks.checks.words import is_https
from stacks.load import SettingsRefused, load
from stacks.pins import RESTORE
from stacks.settings.platform import UNRESOLVED
from stacks.settings.workloads import UpstreamSettings
from tools.charts import newest, published_versions
from tools.pin_file import Asked, Pin, PinRefused, Standing, pins, written

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ROOT / "tools" / "versions.toml"
SAME, OTHERWISE, REFUSED = 0, 1, 2


def ask(pin: Pin, stack: str = "") -> Asked:
    """What the registry of a pin says of it. Raises PinRefused or RegistryRefused."""
    host = _host(pin, stack)
    if pin.kind == "chart" and "repository" not in pin.table:
        return Asked(pin, _published(pin, published_versions(_address(host), pin.name)))
    with asking(host, _login(pin)) as registry:
        if pin.kind == "chart":
            return Asked(pin, _published(pin, registry.tags(str(pin.table["repository"]))))
        return Asked(pin, registry.digest(str(pin.table["repository"]), str(pin.table["tag"])))


def _published(pin: Pin, versions: Sequence[str]) -> str:
    """The pinned version where it is published, and the newest that is no trial where none is pinned."""
    if pin.value == UNRESOLVED:
        return newest(versions, pin.title)
    if pin.value not in versions:
        raise PinRefused(f"{pin.title} {pin.value} is not published (any more): choose another version")
    return pin.value


def _variable(pin: Pin) -> str:
    return f"SPY_REGISTRY_{re.sub(r'[^A-Z0-9]', '_', pin.registry.upper())}"


def _host(pin: Pin, stack: str) -> str:
    """Host or address of a pin's registry."""
    told = os.environ.get(_variable(pin), "")
    if not told and stack:
        told = str(getattr(load(stack, ROOT).upstream, pin.registry, ""))
    if not told:
        of_stack = f", or STACK=NAME of a stack that has upstream.{pin.registry}" if _is_upstream(pin.registry) else ""
        raise PinRefused(
            f"{pin.title} lies in the registry {pin.registry!r}, whose host is not known here: "
            f"'{_variable(pin)}=HOST make pins'{of_stack}"
        )
    host = told.removeprefix("https://").removeprefix("http://").rstrip("/")
    if not is_https(f"https://{host}"):  # not shown: a login may stand in it
        raise PinRefused(
            f"{pin.title}: what {_variable(pin)} or upstream.{pin.registry} holds is no host: give HOST or HOST:PORT; "
            f"a login goes into {_variable(pin)}_LOGIN"
        )
    return host


def _is_upstream(registry: str) -> bool:
    """Whether a stack's settings can know this registry's host."""
    return registry in UpstreamSettings.model_fields


def _address(host: str) -> str:
    """Address of a chart repository, over https unless it is on this machine."""
    return f"{'http' if httpx.URL(f'http://{host}').host in LOOPBACK else 'https'}://{host}"


def _login(pin: Pin) -> Visitor:
    user, _, password = os.environ.get(f"{_variable(pin)}_LOGIN", "").partition(":")
    return Visitor(user, password)


def _save(text: str) -> None:
    """Replace the file by one rename."""
    beside = VERSIONS.with_suffix(".renewed")
    beside.write_text(text, "utf-8")
    beside.chmod(VERSIONS.stat().st_mode)
    beside.replace(VERSIONS)


def _answers(wanted: Sequence[Pin], stack: str, refused: list[str]) -> Iterator[Asked]:
    """What each registry says; sentences of those that say nothing go to `refused`, and the rest are asked."""
    for pin in wanted:
        try:
            yield ask(pin, stack)
        except (PinRefused, RegistryRefused) as error:
            refused.append(str(error) if str(error).startswith(pin.title) else f"{pin.title}: {error}")


def renew(wanted: Sequence[Pin], *, stack: str, check: bool, move: bool) -> int:
    """Ask for every pin, write what is to be written, say what was found. Returns the exit code."""
    refused: list[str] = []
    left = 0
    for asked in _answers(wanted, stack, refused):
        writes = not check and (asked.standing is Standing.UNRESOLVED or (move and asked.standing is Standing.MOVED))
        if writes:
            _save(written(VERSIONS.read_text("utf-8"), asked))
        left += asked.standing is not Standing.SAME and not writes
        print(_line(asked, writes=writes))
    for sentence in refused:
        print(sentence, file=sys.stderr)
    return REFUSED if refused else OTHERWISE if left else SAME


def _line(asked: Asked, *, writes: bool) -> str:
    pin = asked.pin
    if asked.standing is Standing.SAME:
        return f"{pin.title}: {pin.value}"
    if writes:
        return f"{pin.title}: {pin.value} -> {asked.now}, written"
    if asked.standing is Standing.UNRESOLVED:
        return f"{pin.title}: unresolved; it is {asked.now} today: make pins"
    return f"{pin.title}: has moved from {pin.value} to {asked.now}: make pins MOVE=1"


def main(arguments: Sequence[str]) -> int:
    """The command. Exit code 0: every pin is what its registry says; 1: some are not; 2: refused."""
    parser = argparse.ArgumentParser(prog="make pins", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="tables, e.g. python or image.python; all by default")
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--move", action="store_true", help="write what has moved, too")
    parser.add_argument("--stack", default="", help="a stack whose upstream.KEY names hosts")
    given = parser.parse_args(arguments)
    try:
        wanted = pins(VERSIONS.read_text("utf-8"), given.names)
        return renew(wanted, stack=given.stack, check=given.check, move=given.move)
    except (PinRefused, SettingsRefused) as refused:
        print(refused, file=sys.stderr)
        return REFUSED
    except UnicodeDecodeError:
        print(f"tools/versions.toml is no UTF-8 text: {RESTORE}", file=sys.stderr)
        return REFUSED
    except OSError as error:
        print(f"tools/versions.toml cannot be read or written, {error.strerror}: {RESTORE}", file=sys.stderr)
        return REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
