"""`spy record`: every change is written, an interrupt closes it whole, a cut file is readable to its last line."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from apps.broker.recorder import Recorder, recording_header
from apps.cli.main import app
from apps.cli.ports import free_port
from apps.contracts.enums import Source
from apps.contracts.names import Env
from apps.contracts.recording import RecordingHeader
from apps.simulator.recorded import RecordedWorld
from tests.broker.gateway import gateway, price, quote
from tests.broker.harness import RunningFeed, running


def recorder_for(run: RunningFeed, path: Path) -> Recorder:
    listed = run.feed.listed
    assert listed is not None
    header = recording_header(
        listed,
        run.feed.book.spot,
        symbol="SPY",
        trading_class="SPY",
        source=Source.SIMULATED,
        started_at=datetime.fromtimestamp(run.clock.now(), UTC),
    )
    return Recorder(path, header)


def read(path: Path) -> tuple[RecordingHeader, list[list[float]]]:
    """Header and ticks, up to where a cut file ends."""
    lines = []
    with gzip.open(path, "rt", encoding="utf-8") as file, suppress(EOFError):
        lines.extend(file)
    if not lines[-1].endswith("\n"):
        lines.pop()
    return RecordingHeader.model_validate_json(lines[0]), [json.loads(line) for line in lines[1:]]


async def test_every_change_of_the_book_is_in_the_file_in_time_order(tmp_path: Path) -> None:
    path = tmp_path / "day.gz"
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        recorder = recorder_for(run, path)
        kept = run.on_packet

        def both(packet) -> None:
            kept(packet)
            recorder.take(packet, run.feed.book)

        run.feed._on_packet = both
        request = gate.request_of("594C")
        gate.send(quote(request, 2.5, 2.6) + price(gate.request_of("underlying"), 1, 593.98))
        await run.until(lambda: run.chain.bid[run.row(594, "C")] == 2.5)
        gate.send(price(request, 1, -1, 0))
        await run.until(lambda: run.chain.bid[run.row(594, "C")] != run.chain.bid[run.row(594, "C")])
        recorder.close()
    header, ticks = read(path)
    assert "Private" in header.notice
    assert (header.session, header.source, len(header.contracts)) == ("2025-05-19", Source.SIMULATED, 82)
    row = next(
        number
        for number, contract in enumerate(header.contracts)
        if (contract.strike, contract.option_type) == (594.0, "CALL")
    )
    assert [tick[0] for tick in ticks] == sorted(tick[0] for tick in ticks)
    assert [tick[2:] for tick in ticks if tick[1] == row and tick[2] == 1] == [[1, 2.5], [1, -1.0]]
    assert [tick[3] for tick in ticks if tick[1] == -1 and tick[2] == 1] == [593.98]


async def test_a_lost_connection_is_recorded_as_no_quotes_not_as_old_ones(tmp_path: Path) -> None:
    path = tmp_path / "day.gz"
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        recorder = recorder_for(run, path)
        run.feed._on_packet = lambda packet: (run.on_packet(packet), recorder.take(packet, run.feed.book))
        gate.send(quote(gate.request_of("594C"), 2.5, 2.6))
        await run.until(lambda: run.chain.bid[run.row(594, "C")] == 2.5)
        gate.strikes = (593.0, 595.0)
        gate.drop()
        await run.until(lambda: run.feed.counts.connects == 2)
        await gate.until(lambda: len(gate.names()) == 5)
        gate.send(quote(gate.request_of("593C"), 3.5, 3.6))
        await run.until(lambda: run.chain.bid[run.row(593, "C")] == 3.5)
        recorder.close()
    header, ticks = read(path)
    row = next(n for n, c in enumerate(header.contracts) if (c.strike, c.option_type) == (594.0, "CALL"))
    assert [tick[3] for tick in ticks if tick[1] == row and tick[2] == 1] == [2.5, -1.0]


async def test_a_recorded_day_replays_the_quotes_that_were_seen(tmp_path: Path) -> None:
    path = tmp_path / "day.gz"
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        recorder = recorder_for(run, path)
        gate.send(quote(gate.request_of("594C"), 2.5, 2.6) + quote(gate.request_of("underlying"), 593.98, 594.0))
        await run.until(lambda: run.chain.bid[run.row(594, "C")] == 2.5)
        recorder.take(run.packets[-1], run.feed.book)
        recorder.close()
        seen = run.chain
    world = RecordedWorld("recorded", path)
    board = world.board(seen.market_time)
    rows = {(item.strike, item.right): number for number, item in enumerate(world.listings)}
    for row, strike in enumerate(seen.strike):
        number = rows[strike, "C" if seen.is_call[row] else "P"]
        assert (board.bid[number], board.ask[number]) == (seen.bid[row], seen.ask[row])
        assert (board.bid_size[number], board.ask_size[number]) == (seen.bid_size[row], seen.ask_size[row])
    assert (board.underlying_bid, board.underlying_ask) == (593.98, 594.0)


async def test_a_cut_file_is_readable_up_to_its_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "day.gz"
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        recorder = recorder_for(run, path)
        for cent in range(50):
            gate.send(quote(gate.request_of("594C"), round(2 + cent / 100, 2), 3))
            await run.until(lambda cent=cent: run.chain.bid[run.row(594, "C")] == round(2 + cent / 100, 2))
            recorder.take(run.packets[-1], run.feed.book)
        recorder.flush()
    whole = path.read_bytes()
    counts = []
    for cut in (len(whole), len(whole) - 7, len(whole) // 2 + 200):
        path.write_bytes(whole[:cut])
        header, ticks = read(path)
        assert header.symbol == "SPY"
        counts.append(len(ticks))
    assert counts[0] == recorder.ticks >= counts[1] >= counts[2]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_closes_the_file_whole(tmp_path: Path, stop: signal.Signals) -> None:
    out, port, control = tmp_path / "day.gz", free_port(), free_port()
    environment = {**os.environ, Env.SIMULATOR_CONTROL_URL: f"http://127.0.0.1:{control}"}
    simulator = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "apps.simulator", "--scenario", "quiet"],
        *["--port", str(port), "--control-port", str(control)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "apps.cli.main", "record", "--out", str(out), "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    try:
        async with asyncio.timeout(60):
            while not out.exists() and process.returncode is None:  # noqa: ASYNC110  another process makes it
                await asyncio.sleep(0.05)
            assert process.returncode is None
            process.send_signal(stop)
            stdout, stderr = await process.communicate()
        assert process.returncode == 0, stderr.decode()
        assert "Private" in stdout.decode()
        header, _ = read(out)
        assert header.source is Source.SIMULATED
        with gzip.open(out) as file:
            assert file.read().endswith(b"\n")
    finally:
        for child in (process, simulator):
            if child.returncode is None:
                child.kill()
                await child.wait()


def test_a_recording_is_never_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "day.gz"
    out.write_bytes(b"precious")
    answer = CliRunner().invoke(app, ["record", "--out", str(out)])
    assert answer.exit_code == 2
    assert "never overwritten" in answer.output
    assert out.read_bytes() == b"precious"


def test_a_wrong_setting_is_named_with_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIKES_RANGE_PERCENT", "40")
    answer = CliRunner().invoke(app, ["record", "--out", str(tmp_path / "x")])
    assert answer.exit_code == 2
    assert "STRIKES_RANGE_PERCENT" in answer.output


def test_without_a_gateway_it_says_so_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIMULATOR_CONTROL_URL", raising=False)
    out = tmp_path / "day.gz"
    answer = CliRunner().invoke(app, ["record", "--out", str(out), "--port", "9", "--minutes", "0.02"])
    assert answer.exit_code == 2
    assert "Nothing was recorded" in answer.output
    assert not out.exists()


@pytest.mark.parametrize("where", ["taken/day.gz", "/proc/day.gz", "d" * 300 + "/day.gz"])
def test_a_place_that_cannot_be_written_is_refused_before_any_gateway_is_asked(tmp_path: Path, where: str) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    answer = CliRunner().invoke(app, ["record", "--out", str(tmp_path / where), "--port", "9"])
    assert answer.exit_code == 2
    assert f"--out {tmp_path / where} cannot be written" in answer.stderr
    assert answer.stderr.count("\n") == 1
