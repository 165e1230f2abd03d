"""The simulated gateway unsampled: quote changes a second over a socket, against a plain sender of the same bytes."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]

from apps.simulator.server import Gateway
from apps.simulator.settings import Settings
from tests.bench.row import ROUNDS, Budget, Rounds, Row
from tests.simulator.helpers import GREETING, START, packed
from tests.simulator.worlds import FlatWorld

LINES = 60
SECONDS = 2.0
MUST, AIM = 50_000, 100_000
QUOTE_TICKS = {b"0", b"1", b"2", b"3"}
UNSAMPLED = Budget(
    f"simulated gateway, unsampled: quote changes/s, {LINES} lines, raw reader", f"≥ {MUST:,}", f"≥ {AIM:,}"
)
BUDGETS = (UNSAMPLED,)


@dataclass(frozen=True)
class Taken:
    """One reading of the socket."""

    seconds: float
    data: bytes

    @property
    def bytes_per_second(self) -> float:
        """Throughput."""
        return len(self.data) / self.seconds


def serve() -> None:
    """In a process of its own: the gateway on a free port, which it prints. Ends with its parent's pipe."""

    async def run() -> None:
        # Every beat is a new step of the world, so that both sides of every line change.
        world = FlatWorld(count=LINES, step_seconds=0.0001, trades=False)
        settings = Settings(port=0, sampling="none", beat_seconds=0.0005, messages_per_second=1_000)
        gateway = Gateway(world, settings)
        await gateway.start()
        print(gateway.port, flush=True)
        beating = asyncio.create_task(gateway.run())
        await asyncio.to_thread(sys.stdin.read)
        beating.cancel()

    asyncio.run(run())


def echo(path: str) -> None:
    """In a process of its own: sends the file over and over to whoever connects."""
    with open(path, "rb") as file, socket.create_server(("127.0.0.1", 0)) as listener:  # noqa: PTH123
        data = file.read()
        print(listener.getsockname()[1], flush=True)
        connection, _ = listener.accept()
        try:
            while True:
                connection.sendall(data)
        except OSError:
            return


def read_for(connection: socket.socket, seconds: float) -> Taken:
    """Everything that arrives in this time."""
    parts = []
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        parts.append(connection.recv(262_144))
    return Taken(time.perf_counter() - started, b"".join(parts))


def quote_changes(data: bytes) -> int:
    """Bid or ask messages in a piece of the stream that begins between two frames."""
    count, position = 0, 0
    while position + 4 <= len(data):
        end = position + 4 + int.from_bytes(data[position : position + 4], "big")
        if end > len(data):
            break
        number, _, _, tick = data[position + 4 : position + 40].split(b"\0", 4)[:4]
        count += number in {b"1", b"2"} and tick in QUOTE_TICKS
        position = end
    return count


def subscribed(port: int) -> socket.socket:
    """A connection with every line open, read up to a frame's end."""
    connection = socket.create_connection(("127.0.0.1", port))
    requests = [GREETING, START]
    for number in range(LINES):
        query = (700_000_000 + number, "", "", "", "", "", "", "SMART", "", "", "", "")
        requests.append(packed(1, 11, number + 1, *query, 0, "", 0, 0, ""))
    connection.sendall(b"".join(requests))
    return connection


def round_of(scratch: str) -> tuple[float, float, float]:
    """Changes a second of the gateway and of the plain sender with the same bytes; the gateway's share of a core."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.wire", "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        with subscribed(int(server.stdout.readline())) as connection:
            head = read_for(connection, 0.5).data
            process = psutil.Process(server.pid)
            before = process.cpu_times()
            taken = read_for(connection, SECONDS)
            after = process.cpu_times()
        if server.stdin is not None:
            server.stdin.close()
        server.wait(10)
    # What came before the measured part may have ended inside a frame: count from its start.
    changes = quote_changes(head + taken.data) - quote_changes(head)
    with open(scratch, "wb") as file:  # noqa: PTH123
        file.write(taken.data)
    busy = (after.user + after.system - before.user - before.system) / taken.seconds
    return changes / taken.seconds, floor_bytes(scratch) * changes / len(taken.data), busy


def floor_bytes(scratch: str) -> float:
    """Bytes a second of the plain sender."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.wire", "echo", scratch], stdout=subprocess.PIPE, text=True
    ) as sender:
        assert sender.stdout is not None
        with socket.create_connection(("127.0.0.1", int(sender.stdout.readline()))) as connection:
            taken = read_for(connection, 0.5)
        sender.wait(10)
    return taken.bytes_per_second


def rows() -> list[Row]:
    """One row; the platform's own, through the detector, is elsewhere."""
    with tempfile.NamedTemporaryFile() as scratch:
        rounds = [round_of(scratch.name) for _ in range(ROUNDS)]
    rate, floor, busy = map(Rounds.of, zip(*rounds, strict=True))
    return [
        Row(
            UNSAMPLED,
            measured=f"{rate.median:,.0f}",
            against=f"{rate.median / floor.median:.4f}x a plain sender of the same bytes ({floor.median:,.0f}/s)",
            span=rate.span(",.0f"),
            note=f"gateway busy {busy.median:.0%} of a core",
            met=rate.median >= MUST,
        )
    ]


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        echo(sys.argv[2])
