"""Unmodified client libraries connect, list the chain, stream, trade on paper and read the account."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.simulator import peer_clients
from tests.simulator.helpers import Raw, running
from tests.simulator.worlds import FlatWorld

PEERS = Path(sys.prefix) / "peers"
SCRIPT = Path(peer_clients.__file__)


async def report_of(name: str, port: int) -> dict[str, Any]:
    """In process for the library we use, in a process of its own for the others."""
    if name == "ib_insync":
        return await peer_clients.insync_report(name, port)
    path = str(PEERS / name) if name == "ib_async" else ""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), name, str(port),
        env={**os.environ, "PYTHONPATH": path},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, errors.decode()[-3000:]
    report: dict[str, Any] = json.loads(out.decode().strip().splitlines()[-1])
    return report


@pytest.mark.parametrize("name", ["ib_insync", "ib_async", "ibapi"])
async def test_an_unmodified_client_lists_the_chain_streams_and_trades(name: str) -> None:
    if name == "ib_async" and not (PEERS / name).is_dir():
        pytest.skip(f"the peer client is not installed in {PEERS.name}/ib_async; `make test` installs it")
    world = FlatWorld()
    async with running(world) as gateway:
        report = await report_of(name, gateway.port)
        # A client that leaves without reading what is under way resets its socket: not a fault of anybody's.
        assert set(gateway.counters) <= {"connection_resets"}, gateway.counters
    assert report["server_version"] == 176
    assert report["accounts"] == ["DU1234567"]
    assert report["contracts"] == len(world.listings)
    assert report["strikes"] == sorted({item.strike for item in world.listings})
    assert report["trading_hours"] == "20250519:0930-20250519:1615"
    assert report["expirations"] == ["20250519"]
    assert "SMART" in report["exchanges"]
    assert 0 < report["bid"] < report["ask"]
    assert report["bid_size"] > 0
    assert report["stock_bid"] > 0
    assert report["vol"] == 0.14
    assert report["open_interest"] >= 500
    assert report["data_type"] == 1
    assert report["bars"] == 30
    assert report["net_liquidation"] == 100_000
    assert report["order_ref"] == "peer"
    assert report["perm_id"] > 0


async def test_a_tick_never_waits_for_the_acknowledgement_of_the_one_before() -> None:
    async with running() as gateway:
        raw = await Raw.started(gateway)
        await raw.until(9)
        (session,) = gateway.sessions
        assert session._transport is not None
        accepted = session._transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        await raw.close()
