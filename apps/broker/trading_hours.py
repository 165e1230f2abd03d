"""Trading hours as contract details state them, as market seconds. Reads text only; the calendar is the fallback."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apps.market.calendar import NEW_YORK

_ZONE_ALIASES = {"EST5EDT": "America/New_York", "EST (Eastern Standard Time)": "America/New_York"}

Interval = tuple[float, float]
"""(opens, closes), market seconds since 1970."""


def parse_hours(text: str, zone_id: str) -> list[Interval]:
    """`20250519:0930-20250519:1615;20250520:CLOSED` as open intervals in time order.

    Older gateways write `20250519:0930-1615`. Parts that cannot be read are left out, so that one odd day does not
    hide the others; an unknown zone is New York, where these options trade.
    """
    try:
        zone = ZoneInfo(_ZONE_ALIASES.get(zone_id, zone_id))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = NEW_YORK
    intervals = []
    for part in text.split(";"):
        day = part.partition(":")[0]
        for span in part.split(","):
            interval = _interval(span if ":" in span.partition("-")[0] else f"{day}:{span}", zone)
            if interval is not None:
                intervals.append(interval)
    return sorted(intervals)


def _interval(span: str, zone: ZoneInfo) -> Interval | None:
    first, _, last = span.strip().partition("-")
    if ":" not in last:
        last = f"{first.partition(':')[0]}:{last}"
    try:
        opens, closes = (
            datetime.strptime(end, "%Y%m%d:%H%M").replace(tzinfo=zone).timestamp() for end in (first, last)
        )
    except ValueError:
        return None
    return (opens, closes) if closes > opens else None
