"""A scripted gateway for tests: real socket, real framing at server version 176, and nothing it was not told to send.

The simulator behaves like the broker; this one behaves exactly as a test says, message by message.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

UNDERLYING_CON_ID = 756733
HOURS = "20250516:0930-20250516:1615;20250517:CLOSED;20250519:0930-20250519:1615;20250520:0930-20250520:1615"


def frame(*fields: object) -> bytes:
    body = b"".join(str(item).encode() + b"\0" for item in fields)
    return struct.pack(">I", len(body)) + body


def price(request: int, tick: int, value: float, size: float = 10) -> bytes:
    return frame(1, 6, request, tick, value, size, 0)


def size(request: int, tick: int, value: float) -> bytes:
    return frame(2, 6, request, tick, value)


def error(request: int, code: int, text: str) -> bytes:
    return frame(4, 2, request, code, text, "")


def quote(request: int, bid: float, ask: float, amount: float = 10) -> bytes:
    return price(request, 1, bid, amount) + price(request, 2, ask, amount)


@dataclass
class Line:
    """One market-data request as the gateway saw it."""

    request: int
    sec_type: str
    expiry: str
    strike: float
    right: str

    @property
    def name(self) -> str:
        return "underlying" if self.sec_type != "OPT" else f"{self.strike:g}{self.right[0]}"


@dataclass
class Gateway:
    """What it lists, how it answers, and what it has been sent. `line_codes` answers a named line with an error."""

    spot: float = 594.0
    strikes: tuple[float, ...] = tuple(float(strike) for strike in range(574, 615))
    expiries: tuple[str, ...] = ("20250519",)
    listed_expiries: tuple[str, ...] | None = None
    """What message 75 lists; None lists `expiries`."""

    data_type: int = 1
    line_limit: int = 1000
    line_codes: dict[str, int] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    """Lines whose next request is thrown away with code 100, as by a gateway that got too many at once."""

    refuse_client_id: bool = False
    silent: frozenset[int] = frozenset()
    """Message ids that are never answered."""

    close_first: float | None = None
    """Yesterday's close of the underlying, sent in a packet of its own before its quote."""

    quotes: bool = True
    """Send one quote on each subscription."""

    port: int = 0
    lines: dict[int, Line] = field(default_factory=dict)
    received: list[list[str]] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    connections: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _server: asyncio.Server | None = None
    _writer: asyncio.StreamWriter | None = None

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self.drop()
            await self._server.wait_closed()
            self._server = None

    def drop(self) -> None:
        """The socket dies, the port still listens."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self.lines.clear()

    def send(self, data: bytes) -> None:
        assert self._writer is not None, "no client is connected"
        self._writer.write(data)

    def request_of(self, name: str) -> int:
        return next(line.request for line in self.lines.values() if line.name == name)

    def names(self) -> set[str]:
        return {line.name for line in self.lines.values()}

    async def until(self, what: object, seconds: float = 8) -> None:
        """Wait until `what()` is true; checked at each message."""
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(what)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.connections += 1
        try:
            await reader.readexactly(4)
            await self._read(reader)
            if 0 in self.silent:
                await reader.read()
                return
            writer.write(frame(176, "20250519 14:05:00 UTC"))
            while True:
                fields = (await self._read(reader)).decode().split("\0")[:-1]
                self.received.append(fields)
                if int(fields[0]) not in self.silent:
                    for answer in self._answer(fields):
                        writer.write(answer)
                async with self.changed:
                    self.changed.notify_all()
                if self.refuse_client_id:
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        finally:
            writer.close()

    @staticmethod
    async def _read(reader: asyncio.StreamReader) -> bytes:
        return await reader.readexactly(struct.unpack(">I", await reader.readexactly(4))[0])

    def _answer(self, fields: list[str]) -> Iterable[bytes]:  # noqa: C901, PLR0912
        match int(fields[0]):
            case 71 if self.refuse_client_id:
                yield error(-1, 326, "Unable to connect as the client id is already in use.")
            case 71:
                yield frame(15, 1, "DU1") + frame(9, 1, 1) + error(-1, 2104, "Market data farm connection is OK:usopt")
            case 61:
                yield frame(62, 1)
            case 6:
                yield frame(54, 1, "DU1")
            case 76:
                yield frame(74, 1, fields[2])
            case 7:
                yield frame(55, 1, fields[2])
            case 49:
                yield frame(49, 1, 1747663500)
            case 9:
                yield from self._details(int(fields[2]), fields[3:15])
            case 78:
                for expiry_exchange in ("CBOE", "SMART"):
                    days = self.expiries if self.listed_expiries is None else self.listed_expiries
                    yield frame(
                        75, fields[1], expiry_exchange, UNDERLYING_CON_ID, "SPY", "100",
                        len(days), *days, len(self.strikes), *self.strikes,
                    )  # fmt: skip
                yield frame(76, fields[1])
            case 1:
                yield from self._subscribe(int(fields[2]), fields[3:15])
            case 2:
                self.cancelled.append(int(fields[2]))
                self.lines.pop(int(fields[2]), None)
            case _:
                pass

    def _details(self, request: int, contract: list[str]) -> Iterable[bytes]:
        if contract[2] != "OPT":
            yield self._detail(request, "STK", "", 0.0, "", UNDERLYING_CON_ID)
            yield frame(52, 1, request)
            return
        wanted = float(contract[4] or 0)
        if contract[3] not in self.expiries or (wanted and wanted not in self.strikes):
            yield error(request, 200, "No security definition has been found for the request")
            return
        rights = (contract[5][0],) if contract[5] else ("C", "P")
        for strike in (wanted,) if wanted else self.strikes:
            for right in rights:
                yield self._detail(request, "OPT", contract[3], strike, right, int(strike * 10 + (right == "P")))
        yield frame(52, 1, request)

    @staticmethod
    def _detail(request: int, kind: str, expiry: str, strike: float, right: str, con_id: int) -> bytes:  # noqa: PLR0917
        when = f"{expiry} 16:00:00 US/Eastern" if expiry else ""
        return frame(
            10, request, "SPY", kind, when, strike, right, "SMART", "USD", "SPY", "SPY", "SPY", con_id, 0.01,
            "100" if expiry else "", "LMT", "SMART,CBOE", 1, UNDERLYING_CON_ID, "SPDR S&P 500", "ARCA", expiry[:6],
            "", "", "", "US/Eastern", HOURS, HOURS, "", "", 0, 1, "SPY", "STK", "109,109", expiry, "ETF", 1, 1, 1,
        )  # fmt: skip

    def _subscribe(self, request: int, contract: list[str]) -> Iterable[bytes]:
        line = Line(request, contract[2], contract[3], float(contract[4] or 0), contract[5])
        code = self.line_codes.get(line.name)
        if line.name in self.lost:
            self.lost.discard(line.name)
            yield error(-1, 100, "Max rate of messages per second has been exceeded")
            return
        if len(self.lines) >= self.line_limit:
            yield error(request, 101, "Max number of tickers has been reached")
            return
        if code is not None and code not in (10090, 10091, 10167):
            yield error(request, code, "refused by the test")
            return
        self.lines[request] = line
        if code is not None:
            yield error(request, code, "advisory by the test")
        yield frame(58, 1, request, self.data_type)
        if self.quotes:
            bid = self.spot - 0.01 if line.name == "underlying" else option_value(line, self.spot)
            ticks = (1, 2) if self.data_type < 3 else (66, 67)
            quoted = price(request, ticks[0], round(bid, 2)) + price(request, ticks[1], round(bid + 0.02, 2))
            if line.name == "underlying" and self.close_first is not None:
                yield price(request, 9, self.close_first)
                asyncio.get_running_loop().call_later(0.1, self.send, quoted)
            else:
                yield quoted


def option_value(line: Line, spot: float) -> float:
    """A convex, parity-true bid: intrinsic value plus a bump."""
    intrinsic = max(spot - line.strike, 0) if line.right.startswith("C") else max(line.strike - spot, 0)
    return intrinsic + 2 / (1 + abs(line.strike - spot))


@asynccontextmanager
async def gateway(**options: object) -> AsyncIterator[Gateway]:
    """A listening gateway on a free loopback port."""
    made = Gateway(**options)  # type: ignore[arg-type]
    await made.listen()
    try:
        yield made
    finally:
        await made.close()
