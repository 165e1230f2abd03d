"""NameServer: CoreDNS on a loopback port with a cluster's custom files, included as k3s does. Forwards nothing."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.processes import deadline, free_ports, running
from tests.toolchain import coredns

ADDRESS_RECORD = 1
POINTER = 0xC0
SUCCESS = 0
START_SECONDS = 30.0
ANSWER_SECONDS = 5.0

COREFILE = """
.:{port} {{
    bind 127.0.0.1
    errors
    hosts {{
        192.0.2.1 node-1
    }}
    import custom/*.override
}}
import custom/*.server
"""
"""k3s's own, but for what needs a cluster or another server: what is no host is no name."""


@contextmanager
def running_name_server(folder: Path, custom: Mapping[str, str]) -> Iterator[int]:
    """Serve these files of `coredns-custom`; gives the port. Their own port 53 is another here, and loopback only."""
    (folder / "custom").mkdir(parents=True)
    (port,) = free_ports(1)
    for name, text in custom.items():
        moved = re.sub(r":53\s*\{", f":{port} {{\n  bind 127.0.0.1", text)
        (folder / "custom" / name).write_text(moved)
    (folder / "Corefile").write_text(COREFILE.format(port=port))
    with running(coredns(), ["-conf", str(folder / "Corefile")], folder) as server:
        for _ in deadline(START_SECONDS):
            try:
                ask(port, "node-1", seconds=0.5)
            except OSError:
                server.pause(0.1)
            else:
                break
        yield port


def ask(port: int, name: str, *, seconds: float = ANSWER_SECONDS) -> tuple[int, list[str]]:
    """Ask for the addresses of a name; gives the code of the answer and what it holds. Raises OSError for silence."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    query = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", ADDRESS_RECORD, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(seconds)
        client.connect(("127.0.0.1", port))
        client.send(query)
        answer = client.recv(4096)
    _, flags, _, answers, _, _ = struct.unpack(">HHHHHH", answer[:12])
    return flags & 0xF, _addresses(answer[len(query) :], answers)


def _addresses(records: bytes, count: int) -> list[str]:
    """Addresses in an answer section."""
    found = []
    for _ in range(count):
        records = _after_name(records)
        kind, _, _, length = struct.unpack(">HHIH", records[:10])
        if kind == ADDRESS_RECORD:
            found.append(socket.inet_ntoa(records[10 : 10 + length]))
        records = records[10 + length :]
    return found


def _after_name(records: bytes) -> bytes:
    """What follows a name: labels up to an empty one, or a pointer to a name before."""
    while (length := records[0]) and length < POINTER:
        records = records[1 + length :]
    return records[2:] if length else records[1:]
