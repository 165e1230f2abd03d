"""What a paused bot makes of a signal: a refusal, with its reason. Pure; nothing here could accept one."""

from __future__ import annotations

from datetime import datetime

from pydantic import ValidationError

from apps.bot.journal import Entry
from apps.bot.spool_tail import Told
from apps.contracts.enums import Source
from apps.contracts.events import EVENT_ADAPTER, Decision, SignalEvent

PAUSED = "paused"
"""The bot is not armed. This one cannot be: trading is not built."""

SPOOLED = "spooled"
"""The signal was made before the bot looked: it is out of date whatever else is true."""

RULES = (PAUSED, SPOOLED)

_TEXTS = {
    PAUSED: "The bot is paused.",
    SPOOLED: "The signal was spooled before the bot started to follow it.",
}


def refusal(told: Told, rule: str, now: datetime) -> Entry | None:
    """The refusal of a signal; None for any other event. Raises ValueError for a signal that cannot be read."""
    if b'"type":"signal"' not in told.record.body:
        return None
    try:
        event = EVENT_ADAPTER.validate_json(told.record.body)
    except ValidationError as error:
        raise ValueError(f"event {told.record.seq} of epoch {told.stream.epoch} is no event of ours") from error
    if not isinstance(event, SignalEvent):
        return None
    stream = told.stream
    name = f"{stream.source}:{stream.run}:{stream.symbol}:{stream.day}:{stream.epoch}:{event.seq}"
    decision = Decision(
        decision_id=name,
        signal_id=event.body.signal_id,
        timestamp=now,
        accepted=False,
        rule=rule,
        text=_TEXTS[rule],
        source=Source(event.body.source),
    )
    return Entry(stream, told.place, decision)
