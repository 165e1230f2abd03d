"""Third-party anomalies (POST /anomalies) as anomalies of source `external`. Invents no quote and no judgement."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from apps.contracts.anomalies import Anomaly, Times, anomaly_id
from apps.contracts.api import ExternalAnomaly
from apps.contracts.enums import EpisodeStatus, Kind, MarketState, Source
from apps.contracts.events import Stream
from apps.market.calendar import NEW_YORK


def as_anomaly(external: ExternalAnomaly, state: MarketState, received_ms: float) -> tuple[Stream, Anomaly]:
    """The anomaly and its stream. It has no life here, so it is closed when it arrives.

    The episode number is the second of the New York day it was seen, plus one: the same report posted twice has the
    same id. Its expiry is that day, which is what a 0DTE report means.
    """
    seen = datetime.fromtimestamp(external.timestamp, UTC)
    local = seen.astimezone(NEW_YORK)
    day = local.date().isoformat()
    episode = 1 + local.hour * 3600 + local.minute * 60 + local.second
    stream = Stream(source=Source.EXTERNAL, run="", symbol=external.symbol, day=day, epoch=0)
    contract: dict[str, Any] = {
        "source": Source.EXTERNAL,
        "run": "",
        "day": day,
        "symbol": external.symbol,
        "expiry": day,
        "strike": external.strike,
        "option_type": external.option_type,
        "kind": Kind.RESIDUAL,
        "episode": episode,
    }
    anomaly = Anomaly(
        id=anomaly_id(**contract),
        **contract,
        status=EpisodeStatus.CLOSED,
        severity=external.severity,
        highest_severity=external.severity,
        state=state,
        **dict.fromkeys(("timestamp", "opened_at", "closed_at"), seen),
        bid=external.bid,
        ask=external.ask,
        fair=external.expected_price,
        volume=external.volume,
        open_interest=external.open_interest,
        times=Times(t_recv=received_ms, t_detect=received_ms, t_publish=received_ms),
    )
    return stream, anomaly
