"""Historical bars: the broker's words for spans and widths, and message 17. Never makes up a bar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apps.simulator import encoder
from apps.simulator.fields import RequestRefused
from apps.simulator.messages import Answer, Code
from apps.simulator.requests import Historical
from apps.simulator.universe import NEW_YORK, broker_time, new_york
from apps.simulator.world import Bar

DAY = 86_400.0
UNITS = {"S": 1.0, "D": DAY, "W": 7 * DAY, "M": 31 * DAY, "Y": 366 * DAY}
WIDTHS = {
    "1 secs": 1.0, "1 sec": 1.0, "5 secs": 5.0, "10 secs": 10.0, "15 secs": 15.0, "30 secs": 30.0, "1 min": 60.0,
    "2 mins": 120.0, "3 mins": 180.0, "5 mins": 300.0, "10 mins": 600.0, "15 mins": 900.0, "20 mins": 1_200.0,
    "30 mins": 1_800.0, "1 hour": 3_600.0, "2 hours": 7_200.0, "4 hours": 14_400.0, "1 day": DAY,
}  # fmt: skip
KINDS = frozenset({"TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK"})
BARS_MAX = 20_000
WINDOW_SECONDS, WINDOW_MAX, SAME_SECONDS = 600.0, 60, 15.0


class HistoricalPacing:
    """The broker's limits: 60 requests in 10 minutes, and not the same one within 15 seconds. Wall seconds."""

    def __init__(self) -> None:
        self._asked: list[tuple[float, Historical]] = []

    def check(self, request: Historical, now: float) -> None:
        """Raises RequestRefused 162 when it is too soon."""
        self._asked = [(at, asked) for at, asked in self._asked if now - at < WINDOW_SECONDS]
        same = any(now - at < SAME_SECONDS and _same(asked, request) for at, asked in self._asked)
        if same or len(self._asked) >= WINDOW_MAX:
            raise refuse(request.req_id, "Historical data request pacing violation")
        self._asked.append((now, request))


def refuse(req_id: int, reason: str) -> RequestRefused:
    """162 in the broker's words."""
    return RequestRefused(req_id, Code.HISTORICAL, f"Historical Market Data Service error message:{reason}")


def span(request: Historical, now: float) -> tuple[float, float, float]:
    """End (market seconds), length and bar width in seconds. Raises RequestRefused for what it cannot read."""
    parts = request.duration.split()
    width = WIDTHS.get(request.bar_size.strip())
    known = len(parts) == 2 and parts[0].isdecimal() and parts[1].upper() in UNITS
    if width is None or not known or len(parts[0]) > 6 or int(parts[0]) == 0:
        raise RequestRefused(
            request.req_id,
            Code.VALIDATION,
            f"Error validating request.-'sim' : cause - duration {request.duration[:20]!r} or bar size "
            f"{request.bar_size[:20]!r} is not known; try '1 D' and '1 min'",
        )
    if request.what.upper() not in KINDS:
        raise RequestRefused(
            request.req_id,
            Code.VALIDATION,
            f"Error validating request.-'sim' : cause - {request.what[:20]!r} is not {', '.join(sorted(KINDS))}",
        )
    if request.keep_up_to_date:
        raise RequestRefused(
            request.req_id,
            Code.VALIDATION,
            "Error validating request.-'sim' : cause - the simulated gateway sends bars once; ask again for newer ones",
        )
    length = int(parts[0]) * UNITS[parts[1].upper()]
    return min(_end(request, now), now), min(length, BARS_MAX * width), width


def answer(request: Historical, bars: Sequence[Bar], length: float, end: float) -> bytes:
    """Message 17. Raises RequestRefused 162 when there are no bars."""
    if not bars:
        raise refuse(request.req_id, "HMDS query returned no data")
    fields: list[encoder.Value] = []
    for bar in bars:
        # The simulator knows no trade count and no vwap: -1 is the broker's mark for a bar without them.
        fields += [_date(bar.time, request), bar.open, bar.high, bar.low, bar.close, bar.volume, -1.0, -1]
    return encoder.message(
        Answer.HISTORICAL, request.req_id, broker_time(end - length), broker_time(end), len(bars), *fields
    )


def _date(seconds: float, request: Historical) -> str:
    if WIDTHS[request.bar_size.strip()] >= DAY:
        return f"{new_york(seconds):%Y%m%d}"
    return str(int(seconds)) if request.format_date == 2 else broker_time(seconds)


def _end(request: Historical, now: float) -> float:
    """`YYYYMMDD HH:MM:SS [zone]` or UTC `YYYYMMDD-HH:MM:SS`; empty is now. Without a zone it is New York."""
    said = request.end.strip()
    if not said:
        return now
    try:
        if "-" in said and " " not in said:
            return datetime.strptime(said, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC).timestamp()
        day, clock, *zone = said.split(maxsplit=2)
        moment = datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S").replace(tzinfo=NEW_YORK)
        return (moment.replace(tzinfo=ZoneInfo(zone[0])) if zone else moment).timestamp()
    except (ValueError, ZoneInfoNotFoundError, OSError, OverflowError):
        raise RequestRefused(
            request.req_id,
            Code.VALIDATION,
            f"Error validating request.-'sim' : cause - the end {said[:40]!r} is not YYYYMMDD HH:MM:SS zone",
        ) from None


def _same(one: Historical, other: Historical) -> bool:
    return (one.contract, one.end, one.bar_size, one.duration, one.what) == (
        other.contract, other.end, other.bar_size, other.duration, other.what,
    )  # fmt: skip
