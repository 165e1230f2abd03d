"""`spy record`: a day of quotes into a private file that the simulator can replay. Reads the market, trades nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from apps.broker.discovery import Listed
from apps.broker.feed import FeedStatus, Packet
from apps.broker.ib_feed import IBFeed
from apps.broker.recorder import Recorder, recording_header
from apps.broker.settings import FeedSettings
from apps.cli.broker_session import BadSetting, feed_settings, is_simulated, make_feed, market_clock
from apps.contracts.enums import Source
from apps.service.clock import Clock

RECORD_CLIENT_ID = 950
"""Not the detector's: both may run together, within the line budget."""

REPORT_SECONDS = 5.0


def register(app: typer.Typer) -> None:
    """Add `spy record`."""

    @app.command()
    def record(  # noqa: PLR0917  the options of a command
        out: Annotated[Path, typer.Option(help="File to write, such as today.jsonl.gz; must not exist.")],
        minutes: Annotated[
            float | None, typer.Option(min=0.01, max=1440, help="Stop after; default: at the close.")
        ] = None,
        host: Annotated[str | None, typer.Option(help="Gateway; default IBKR_HOST.")] = None,
        port: Annotated[int | None, typer.Option(help="Its API port; default IBKR_PORT.")] = None,
        client_id: Annotated[int, typer.Option(help="Must differ from the detector's.")] = RECORD_CLIENT_ID,
        symbol: Annotated[str | None, typer.Option(help="Default SYMBOL.")] = None,
    ) -> None:
        """Record the feed of today's expiry: quotes, sizes, trades, volume, open interest, halts.

        Recordings hold licensed exchange quotes: they are private to the person entitled to them. Ctrl-C closes the
        file whole; after a crash it is readable up to its last whole line.

        Example: `spy record --out today.jsonl.gz --minutes 30`
        """
        try:
            _refuse_unwritable(out)
            _refuse_existing(out)
            settings = feed_settings(host=host, port=port, client_id=client_id, symbol=symbol)
            ticks = asyncio.run(_record(settings, out, None if minutes is None else minutes * 60))
        except (BadSetting, ConnectionError) as error:
            _fail(str(error))
        except FileExistsError:
            _fail(f"{out} exists. Recordings are never overwritten: choose another name for --out.")
        except OSError as error:
            _fail(f"{out} cannot be written ({error.strerror or error}). What was flushed before stays readable.")
        typer.echo(f"{ticks} ticks in {out}. Private: exchange quotes are licensed to you; do not publish them.")


def _refuse_existing(out: Path) -> None:
    if out.exists():
        raise FileExistsError(out)


def _refuse_unwritable(out: Path) -> None:
    """Now, not at the first quote: until the gateway is there and the market open, hours may pass."""
    probe = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BadSetting(
            f"--out {out} cannot be written ({error.strerror}). Choose a name in a folder that this user may write."
        ) from error


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2)


class _Recording:
    """The handlers of one recording; opens the file once the expiry is known, and ends with its session."""

    def __init__(self, feed: IBFeed, clock: Clock, path: Path) -> None:
        self._feed, self._clock, self._path = feed, clock, path
        self.recorder: Recorder | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._session: date | None = None
        self._told_at = time.monotonic()

    def on_status(self, status: FeedStatus) -> None:
        _progress(f"{status.state}: {status.message or status.expiry or 'waiting'}")

    def on_packet(self, packet: Packet) -> None:
        """Called by the feed on its loop. A file that cannot be written ends the recording."""
        listed = self._feed.listed
        if listed is None or self.ended.done():
            return
        try:
            if self.recorder is None:
                self.recorder, self._session = self._open(listed), listed.expiry
            if listed.expiry != self._session or packet.market_time >= listed.closes:
                self.ended.set_result(None)
                return
            self.recorder.take(packet, self._feed.book)
        except OSError as error:
            self.ended.set_exception(error)
            return
        if time.monotonic() - self._told_at >= REPORT_SECONDS:
            self._told_at = time.monotonic()
            at = datetime.fromtimestamp(packet.market_time, UTC)
            _progress(f"{at:%H:%M:%S} UTC: {self.recorder.ticks} ticks, {self.recorder.bytes_written / 1e6:.2f} MB")

    def _open(self, listed: Listed) -> Recorder:
        settings = self._feed.settings
        source = Source.DELAYED if self._feed.status.delayed else Source.LIVE
        header = recording_header(
            listed,
            self._feed.book.spot,
            symbol=settings.symbol,
            trading_class=settings.trading_class,
            source=Source.SIMULATED if is_simulated() else source,
            started_at=datetime.fromtimestamp(self._clock.now(), UTC),
        )
        return Recorder(self._path, header)


async def _record(settings: FeedSettings, out: Path, seconds: float | None) -> int:
    """Record until the time is over, the session ends, or a signal comes. The number of ticks written."""
    loop = asyncio.get_running_loop()
    async with market_clock() as clock:
        feed = make_feed(settings, clock)
        recording = _Recording(feed, clock, out)
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        tasks = (
            asyncio.create_task(feed.run(recording.on_packet, recording.on_status), name="feed"),
            asyncio.create_task(stopped.wait(), name="signal"),
        )
        try:
            await asyncio.wait((*tasks, recording.ended), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if recording.recorder is not None:
                recording.recorder.close()
    if recording.ended.done():
        recording.ended.result()
    if recording.recorder is None:
        raise ConnectionError(f"Nothing was recorded: {feed.status.message or 'no quotes came'}")
    if recording.recorder.dropped:
        _progress(f"{recording.recorder.dropped} ticks of contracts beyond the file's thousand were left out.")
    return recording.recorder.ticks


def _progress(line: str) -> None:
    typer.echo(line, err=True)
