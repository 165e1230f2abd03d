"""The feed's status, derived from what is wrong with it: one function, no memory."""

from __future__ import annotations

from apps.broker.feed import FeedStatus
from apps.broker.tending import FeedParts, Tending
from apps.contracts.enums import FeedState

_SHOWN_FARMS = 3


def connected_status(parts: FeedParts, tending: Tending) -> FeedStatus:
    """Status of a session that stands."""
    state, message = _state(parts, tending)
    return FeedStatus(
        state=state,
        connected=True,
        delayed=parts.lines.delayed,
        lines_used=parts.lines.used,
        lines_budget=parts.settings.lines_budget,
        expiry=None if parts.book.expiry is None else parts.book.expiry.isoformat(),
        halted=parts.book.any_halted,
        code=parts.troubles.code,
        message=message,
    )


def unconnected_status(parts: FeedParts, state: FeedState, code: int | None, message: str | None) -> FeedStatus:
    """Status while there is no session."""
    return FeedStatus(
        state=state,
        connected=False,
        delayed=False,
        lines_used=0,
        lines_budget=parts.settings.lines_budget,
        expiry=None if parts.book.expiry is None else parts.book.expiry.isoformat(),
        code=code,
        message=message,
    )


def _state(parts: FeedParts, tending: Tending) -> tuple[FeedState, str | None]:  # noqa: PLR0911  a ladder
    """The worst thing first."""
    troubles, lines = parts.troubles, parts.lines
    if troubles.servers.since is not None:
        return FeedState.NO_SERVERS, troubles.message
    if troubles.competing.since is not None:
        return FeedState.COMPETING_SESSION, troubles.message
    options = lines.options
    refused = sum(key in lines.refused for key in options)
    if None in lines.refused or (options and 2 * refused >= len(options)):
        return FeedState.NO_ENTITLEMENT, troubles.message
    if not options:
        return FeedState.STARTING, troubles.message or f"Waiting for a price of {parts.settings.symbol}."
    if lines.farms_down:
        farms = ", ".join(sorted(lines.farms_down)[:_SHOWN_FARMS])
        return FeedState.DEGRADED, f"Market-data farm down: {farms}. Its lines are treated as stale."
    if troubles.verify_since is not None:
        return FeedState.DEGRADED, "The servers are back; checking that quotes flow."
    if tending.silent_seconds > parts.settings.silence_seconds:
        return FeedState.DEGRADED, "The chain is silent: no option quote while the market is open."
    if lines.delayed:
        return FeedState.DEGRADED, troubles.message or "Some quotes are delayed: they must not be traded on."
    return FeedState.CONNECTED, troubles.message
