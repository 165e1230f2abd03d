"""One client connection: handshake, pacing, and the way from bytes to a request and back. Answers nothing itself."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from apps.simulator import encoder
from apps.simulator.decoder import decode
from apps.simulator.dispatch import answer
from apps.simulator.fields import SYSTEM, RequestRefused
from apps.simulator.framing import FrameReader, FramingError, fields_of
from apps.simulator.messages import CLIENT_VERSION_MIN, CLIENTS_MAX, SERVER_VERSION, Code
from apps.simulator.output import HALF, JOINED, WHOLE, Output
from apps.simulator.requests import Message, StartApi
from apps.simulator.subscriptions import Subscriptions
from apps.simulator.universe import broker_time

if TYPE_CHECKING:
    from apps.simulator.server import Gateway

log = logging.getLogger(__name__)

VERSION = re.compile(r"v(\d{1,6})(?:\.\.(\d{1,6}))?(?: .*)?", re.DOTALL)
GREETING_SECONDS = 30.0
PACING_SECONDS = 0.95
"""A second, less what two messages may differ on their way."""

BREACHES_MAX = 3
"""Seconds with too many messages before the gateway disconnects the client."""


class Session(asyncio.Protocol):
    """Life of a connection: greeting, StartApi, requests. Whatever goes wrong in it ends at most this connection."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.client_id: int | None = None
        self.market_data_type = 1
        self.account_updates = False
        self.profit_requests: set[int] = set()
        self.subscriptions = Subscriptions(self)
        self.paused = False
        self._reader = FrameReader()
        self._version = 0
        self._transport: asyncio.Transport | None = None
        self._output: Output | None = None
        self._times: deque[float] = deque()
        self._breaches = 0
        self._breached_at = 0.0
        self._timers: set[asyncio.TimerHandle] = set()

    @property
    def ready(self) -> bool:
        """StartApi was accepted."""
        return self.client_id is not None

    @property
    def open(self) -> bool:
        """Bytes can still be sent."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def bytes_sent(self) -> int:
        """All bytes written to this client."""
        return 0 if self._output is None else self._output.bytes_sent

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A socket was accepted."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("the gateway listens on stream sockets only")
        self._transport = transport
        transport.set_write_buffer_limits(high=262_144)
        self._output = Output(transport, self.gateway.settings.buffer_bytes_max, self._too_slow)
        self.gateway.opened(self)
        self.later(GREETING_SECONDS, self._greeted_or_gone)
        if len(self.gateway.sessions) > CLIENTS_MAX:
            self.gateway.count("too_many_clients")
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone, from either side."""
        if exc is not None:
            self.gateway.count("connection_resets")
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if self._output is not None:
            self._output.stop()
        self.gateway.closed(self)

    def pause_writing(self) -> None:
        """The client reads slower than we write."""
        self.paused = True

    def resume_writing(self) -> None:
        """It caught up."""
        self.paused = False
        self.gateway.resumed.set()

    def data_received(self, data: bytes) -> None:
        """Bytes of the client, cut anywhere."""
        try:
            for body in self._reader.feed(data):
                if not self.open:
                    return
                if self._version:
                    self._request(fields_of(body))
                else:
                    self._greet(body)
        except FramingError as error:
            self.gateway.count("framing_errors")
            log.warning("closing a connection that does not speak the protocol: %s", error)
            if self._version:
                self.send(encoder.error(SYSTEM, Code.BAD_LENGTH, f"Bad Message Length: {error}"))
            self.close()

    def send(self, data: bytes) -> None:
        """Write whole frames."""
        if self._output is not None:
            faults = self.gateway.faults
            self._output.mode = (
                HALF if faults.active("half_frames") else JOINED if faults.active("joined_frames") else WHOLE
            )
            self._output.write(data)

    def refuse(self, refused: RequestRefused) -> None:
        """Answer a request with an error."""
        self.gateway.count(f"error_{int(refused.code)}")
        self.send(encoder.error(refused.req_id, refused.code, refused.text))

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after wall seconds, unless the connection is gone by then."""

        def act() -> None:
            self._timers.discard(timer)
            if self.open:
                action()

        timer = asyncio.get_running_loop().call_later(seconds, act)
        self._timers.add(timer)

    def close(self) -> None:
        """Flush and close."""
        if self._output is not None and self._transport is not None and not self._transport.is_closing():
            self._output.flush()
            self._transport.close()

    def abort(self) -> None:
        """Close without flushing, as a gateway that dies does."""
        if self._transport is not None:
            self._transport.abort()

    def _greet(self, body: bytes) -> None:
        match = VERSION.fullmatch(body.rstrip(b"\0").decode("ascii", errors="replace"))
        if match is None:
            raise FramingError(f"{body[:40]!r} is not a version such as v157..176")
        lowest, highest = int(match[1]), int(match[2] or match[1])
        if highest < CLIENT_VERSION_MIN or not lowest <= SERVER_VERSION <= highest:
            raise FramingError(f"the simulated gateway speaks version {SERVER_VERSION}, the client {body[:40]!r}")
        self._version = SERVER_VERSION
        self.send(encoder.handshake(broker_time(self.gateway.clock.now())))
        if self.gateway.faults.active("close_after_handshake"):
            self.close()

    def _request(self, fields: list[str]) -> None:
        if not self._paced():
            return
        try:
            number, request = decode(fields)
            self._in_order(request)
            if number in self.gateway.silent_requests():
                self.gateway.count("silenced_requests")
                return
            answer(self, request)
        except RequestRefused as refused:
            self.refuse(refused)
        except FramingError:
            raise
        except Exception:
            # A fault of the simulator, not of the client: told, logged and counted, and the connection lives on.
            self.gateway.count("internal_errors")
            log.exception("request %s failed", fields[0][:12])
            self.send(encoder.error(SYSTEM, Code.VALIDATION, "Error processing request: the simulated gateway failed"))

    def _in_order(self, request: Message) -> None:
        if isinstance(request, StartApi) == self.ready:
            what = "was started already" if self.ready else "begins with StartApi (71)"
            raise RequestRefused(SYSTEM, Code.VALIDATION, f"Error validating request.-'sim' : cause - it {what}")

    def _paced(self) -> bool:
        now = asyncio.get_running_loop().time()
        while self._times and now - self._times[0] >= PACING_SECONDS:
            self._times.popleft()
        limit = self.gateway.message_limit()
        if len(self._times) < limit:
            # What waited while the gateway itself was held up is counted from when it may have come, or a burst
            # read late and the next one read in time would look like one.
            held_up = now - self.gateway.beat_at > 2 * self.gateway.settings.beat_seconds
            since = max(self.gateway.beat_at, self._times[-1]) if self._times else self.gateway.beat_at
            self._times.append(min(now, since) if held_up else now)
            return True
        text = f"Max rate of messages per second has been exceeded:max={limit} rec={len(self._times) + 1} (1)"
        if not self._breaches or now - self._breached_at >= 1.0:
            self._breaches, self._breached_at = self._breaches + 1, now
            self.refuse(RequestRefused(SYSTEM, Code.PACING, text))
        if self._breaches >= BREACHES_MAX:
            self.gateway.count("pacing_disconnects")
            self.close()
        return False

    def _greeted_or_gone(self) -> None:
        if not self.ready:
            self.gateway.count("greeting_timeouts")
            self.close()

    def _too_slow(self) -> None:
        self.gateway.count("slow_readers")
        log.warning("client %s left more than %d bytes unread and is disconnected", self.client_id,
                    self.gateway.settings.buffer_bytes_max)  # fmt: skip
        self.abort()
