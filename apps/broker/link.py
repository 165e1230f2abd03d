"""The socket to the gateway: connects, gives whole messages to the library, tells of its loss. Knows no quotes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from apps.broker.client import LIBRARY, new_ib
from apps.broker.codes import Act, policy_for
from apps.broker.feed import FeedCounts
from apps.broker.reads import BadFrame, Cut, ReadBuffer
from apps.broker.settings import FeedSettings

log = logging.getLogger(__name__)

HOLD_SECONDS = 0.005
"""How long half a quote waits for its other half."""

_FATAL_WHILE_CONNECTING = frozenset({Act.CLIENT_ID_IN_USE, Act.VERSION_FATAL, Act.RECONNECT})


class LinkError(ConnectionError):
    """Connecting failed or the link was lost. `code` is the broker's, when it said one."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class Link:
    """One IB object for life; it connects again and again, and the library is used unmodified.

    `on_cut` gets every batch of whole messages with the wall time (seconds) of its first byte and must pass the
    pieces to `decode`; `on_code` gets every error message of the broker.
    """

    def __init__(
        self,
        settings: FeedSettings,
        counts: FeedCounts,
        on_cut: Callable[[Cut, float], None],
        on_code: Callable[[int, int, str], None],
    ) -> None:
        self.ib: Any = new_ib()
        self.lost = asyncio.Event()
        self.lost_why = ""
        self._settings = settings
        self._counts = counts
        self._on_cut = on_cut
        self._on_code = on_code
        self._buffer = ReadBuffer()
        self._held_since: float | None = None
        self._release: asyncio.TimerHandle | None = None
        self._refused: asyncio.Future[LinkError] | None = None
        client = self.ib.client
        client.conn.hasData -= client._onSocketHasData  # put back in `decode`, whole messages at a time
        client.conn.hasData += self._on_read
        client.conn.disconnected += self._on_closed
        client.apiError += self._on_api_error
        self.ib.errorEvent += self._on_error
        _count_decoder_errors(counts)

    @property
    def connected(self) -> bool:
        """The API session is up (its start-up messages came)."""
        return bool(self.ib.client.isReady())

    async def connect(self) -> None:
        """Connect read-only. Raises LinkError with what the gateway said, within about three connect time-outs."""
        settings = self._settings
        self.disconnect()
        self._buffer.clear()
        self._held_since = None
        self.lost.clear()
        self.lost_why = ""
        self._refused = asyncio.get_running_loop().create_future()
        timeout = settings.connect_timeout
        attempt = asyncio.ensure_future(
            self.ib.connectAsync(settings.host, settings.port, settings.client_id, timeout, readonly=True)
        )
        try:
            await asyncio.wait({attempt, self._refused}, timeout=3 * timeout, return_when=asyncio.FIRST_COMPLETED)
            await self._outcome(attempt)
        finally:
            self._refused = None
            if not attempt.done():
                attempt.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await attempt
        self._counts.connects += 1

    async def _outcome(self, attempt: asyncio.Future[Any]) -> None:
        """Raises what went wrong. A refusal by name comes before the time-out that the library makes of it."""
        settings = self._settings
        await asyncio.sleep(0)
        if self._refused is not None and self._refused.done():
            raise self._refused.result()
        where = f"{settings.host}:{settings.port}"
        if not attempt.done():
            raise LinkError(f"The gateway at {where} did not finish its start-up messages in time.")
        error = attempt.exception()
        if isinstance(error, ConnectionRefusedError):
            raise LinkError(f"Nothing listens at {where}. Start the gateway, or set IBKR_HOST and IBKR_PORT.", 502)
        if isinstance(error, TimeoutError):
            raise LinkError(f"The gateway at {where} accepts connections but does not answer its API. Is it logged in?")
        if error is not None:
            raise LinkError(f"Connecting to {where} failed: {error or type(error).__name__}")

    def disconnect(self) -> None:
        """Close the socket, if open. The library's state is reset; our own lives elsewhere."""
        if self._release is not None:
            self._release.cancel()
            self._release = None
        with suppress(OSError):  # the peer may have closed it a moment ago
            if self.connected:
                self.ib.disconnect()
            else:
                self.ib.client.disconnect()

    def decode(self, piece: bytes) -> None:
        """Give whole messages to the library's own handler. What it cannot read is counted, never silent."""
        try:
            self.ib.client._onSocketHasData(piece)
        except Exception:
            self._counts.malformed += 1
            log.exception("link: the client library failed on a message")

    def _on_read(self, data: bytes) -> None:
        now = time.time()
        if self._release is not None:
            self._release.cancel()
            self._release = None
        try:
            cut = self._buffer.take(data)
        except BadFrame as error:
            self._counts.malformed += 1
            self._lose(str(error))
            self.disconnect()
            return
        self._pass_on(cut, now)

    def _pass_on(self, cut: Cut, now: float) -> None:
        arrived = now if self._held_since is None else self._held_since
        self._held_since = now if cut.held else None
        if cut.held:
            self._release = asyncio.get_running_loop().call_later(HOLD_SECONDS, self._release_held)
        if cut.pieces:
            self._on_cut(cut, arrived)

    def _release_held(self) -> None:
        self._release = None
        self._pass_on(self._buffer.release(), time.time())

    def _on_closed(self, why: str) -> None:
        self._lose(why or "the gateway closed the connection")

    def _on_api_error(self, why: str) -> None:
        if self._refused is not None and not self._refused.done() and "closed connection" in why:
            self._refused.set_result(LinkError(f"The gateway closed the connection before it was ready. {why}"))

    def _on_error(self, request: int, code: int, text: str, *_rest: object) -> None:
        self._counts.codes[code] += 1
        policy = policy_for(code)
        if self._refused is not None and policy.act in _FATAL_WHILE_CONNECTING and not self._refused.done():
            self._refused.set_result(LinkError(f"{policy.text} ({code}: {text})", code))
        try:
            self._on_code(request, code, text)
        except Exception:
            self._counts.handler_errors["code"] += 1
            log.exception("link: handling code %s failed", code)

    def _lose(self, why: str) -> None:
        self.lost_why = why
        self.lost.set()


class _DecoderErrors(logging.Handler):
    """Counts the messages that the library's decoder logged and dropped."""

    def __init__(self, counts: FeedCounts) -> None:
        super().__init__(logging.ERROR)
        self._counts = counts

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002  the decoder says enough itself
        self._counts.malformed += 1


def _count_decoder_errors(counts: FeedCounts) -> None:
    """The library's own error lines repeat ours, so they are quieted; its decoder's are counted and kept."""
    for name in ("wrapper", "client", "ib"):
        logging.getLogger(f"{LIBRARY}.{name}").setLevel(logging.CRITICAL)
    decoder = logging.getLogger(f"{LIBRARY}.Decoder")
    for handler in [handler for handler in decoder.handlers if isinstance(handler, _DecoderErrors)]:
        decoder.removeHandler(handler)
    decoder.addHandler(_DecoderErrors(counts))
