"""Loopback ports of a local platform: defaults, what the environment says, and which is taken. Keeps none open."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

from apps.contracts.names import Env, Port

LOOPBACK = "127.0.0.1"


class PortTaken(Exception):
    """A port that the platform needs is in use; the message names the key that moves it."""


@dataclass(frozen=True, slots=True)
class PlatformPorts:
    """Every port of one local platform; 0 never stays: it has been replaced by a free one."""

    backend: int
    detector: int
    simulator: int
    control: int
    bot: int
    score: int


_KEYS = {
    "backend": (Env.BACKEND_PORT, Port.BACKEND),
    "detector": (Env.DETECTOR_PORT, Port.DETECTOR),
    "simulator": (Env.SIMULATOR_PORT, Port.SIMULATOR),
    "control": (Env.SIMULATOR_CONTROL_PORT, Port.SIMULATOR_CONTROL),
    "bot": (Env.BOT_PORT, 0),
}
"""The bot's probes are nobody's address on this machine: 8080, which much else likes, is for the cluster."""


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def choose_ports(page: int | None) -> PlatformPorts:
    """Ports from the option, the environment or the defaults; 0 means any free one.

    Raises PortTaken naming the environment key of the first port in use, ValueError for what is not a port.
    """
    chosen: dict[str, int] = {"score": free_port()}
    for name, (key, default) in _KEYS.items():
        text = str(page) if name == "backend" and page is not None else os.environ.get(key) or str(default)
        if not (text.isascii() and text.isdigit() and len(text) <= 5) or int(text) > 65_535:
            raise ValueError(f"{key}={text!r} is not a port: use a number from 1 to 65535, or 0 for any free one.")
        chosen[name] = int(text) or free_port()
        _refuse_if_taken(chosen[name], key, page=name == "backend")
    return PlatformPorts(**chosen)


def _refuse_if_taken(port: int, key: str, *, page: bool) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            how = f"make run PORT={port + 1}" if page else f"{key}={port + 1} make run"
            raise PortTaken(
                f"Port {port} ({key}) on {LOOPBACK} is in use ({error.strerror}). "
                f"Move it with `{how}`, or stop what holds it."
            ) from error
