"""Ports of a local platform."""

from __future__ import annotations

import socket

import pytest

from apps.cli.ports import LOOPBACK, PortTaken, choose_ports
from apps.contracts.names import Env

KEYS = (Env.BACKEND_PORT, Env.DETECTOR_PORT, Env.SIMULATOR_PORT, Env.SIMULATOR_CONTROL_PORT, Env.BOT_PORT)


@pytest.fixture(autouse=True)
def all_ports_free(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in KEYS:
        monkeypatch.setenv(key, "0")


def test_zero_takes_free_ports_that_all_differ() -> None:
    ports = choose_ports(page=0)
    numbers = [ports.backend, ports.detector, ports.simulator, ports.control, ports.bot, ports.score]
    assert 0 not in numbers
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("key", KEYS)
def test_a_taken_port_is_named_with_its_environment_key(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOOPBACK, 0)) as holder:
        port = holder.getsockname()[1]
        monkeypatch.setenv(key, str(port))
        with pytest.raises(PortTaken, match=rf"Port {port} \({key}\) .*PORT={port + 1}"):
            choose_ports(page=None)


@pytest.mark.parametrize("text", ["http", "-1", "65536", "80.5", "nan", "²", "٣", "9" * 5000])
def test_what_is_not_a_port_is_refused_with_its_key(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(Env.DETECTOR_PORT, text)
    with pytest.raises(ValueError, match=Env.DETECTOR_PORT):
        choose_ports(page=0)


def test_the_option_beats_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(Env.BACKEND_PORT, "not a port")
    assert choose_ports(page=0).backend > 0
