"""Alerts on market data: silent while the exchange is closed, as its calendar says through the detector. Pure."""

from __future__ import annotations

from apps.contracts.names import Metric
from infra.releases.alerts.words import alert
from infra.releases.operator import Alert, Level
from infra.releases.promql import Series


def alerts(series: Series) -> list[Alert]:
    """All of them. The leader alone has a link; a standby's is down by design."""
    unconnected = series.of_leader(f"{series.detector(Metric.IBKR_CONNECTED)} == 0")
    stale = series.of_leader(f"{series.detector(Metric.DATA_STATE, state='stale')} == 1")
    return [
        alert(
            "IBKRDisconnected",
            Level.CRITICAL,
            "1m",
            series.market_open(unconnected),
            summary="No connection to the broker while the market is open",
            description="The gateway is down or logged out. Open anomalies were closed, and the page says no gateway.",
        ),
        alert(
            "DataStale",
            Level.WARNING,
            "1m",
            stale,
            summary="No quote for a minute while the market is open",
            description="The link is up and silent: market data lost, a second login elsewhere, or trading is halted.",
        ),
    ]
