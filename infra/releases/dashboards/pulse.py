"""The pulse page: from the broker's packet to the backend's acknowledgement, and where it is held up. Pure."""

from __future__ import annotations

from apps.contracts.enums import DataState
from apps.contracts.names import Metric
from infra.releases.alerts.services import LATENCY_SECONDS
from infra.releases.dashboards.panels import Dashboard, Kind, Panel, Query, Step
from infra.releases.promql import Series, buckets, quantile

DOWN_UP = {"0": "down", "1": "up"}
RED_GREEN = (Step(None, "red"), Step(1, "green"))


def dashboard(series: Series) -> Dashboard:
    """For whoever asks why nothing comes; every ten seconds."""
    return Dashboard("pulse", "system pulse", [*_states(series), *_speed(series), *_holdups(series)], "10s", "1h")


def _states(series: Series) -> list[Panel]:
    link = series.of_leader(series.detector(Metric.IBKR_CONNECTED))
    leader = f"sum by (symbol) ({series.detector(Metric.LEADER)})"
    up = series.cluster("up", job="~.*-service")
    states = [
        Query(series.of_leader(series.detector(Metric.DATA_STATE, state=str(state))), str(state)) for state in DataState
    ]
    return [
        Panel(
            "Broker",
            [Query(link, "link")],
            "The leader's link to the gateway.",
            Kind.NUMBER,
            width=4,
            words=DOWN_UP,
            steps=RED_GREEN,
        ),
        Panel(
            "Leaders",
            [Query(leader, "{{symbol}}")],
            "One for each symbol.",
            Kind.NUMBER,
            width=4,
            steps=(Step(None, "red"), Step(1, "green"), Step(2, "red")),
        ),
        Panel(
            "Data",
            states,
            "Whether quotes may be trusted; the one that is 1.",
            Kind.STATES,
            width=8,
            words={"0": "no", "1": "yes"},
            steps=(Step(None, "transparent"), Step(1, "green")),
        ),
        Panel(
            "Answering",
            [Query(up, "{{pod}}")],
            "Each replica's answer to Prometheus.",
            Kind.STATES,
            width=8,
            words=DOWN_UP,
            steps=RED_GREEN,
        ),
    ]


def _speed(series: Series) -> list[Panel]:
    latency = series.detector(buckets(Metric.PIPELINE_LATENCY))
    scan = series.detector(buckets(Metric.SCAN_DURATION))
    broadcast = series.backend(buckets(Metric.SIGNALR_LATENCY))
    ticks = f"sum by (symbol) (rate({series.detector(Metric.IBKR_TICKS)}[1m]))"
    scans = f"sum (rate({series.detector(Metric.SCAN_DURATION + '_count')}[1m]))"
    return [
        Panel(
            "Latency, 95th percentile",
            [
                Query(quantile(0.95, latency, "stage"), "{{stage}}"),
                Query(quantile(0.95, broadcast, "event_name"), "broadcast {{event_name}}"),
            ],
            "detect: packet to scan. publish: event to acknowledgement. broadcast: arrival to written out.",
            unit="s",
            steps=(Step(None, "green"), Step(LATENCY_SECONDS, "red")),
        ),
        Panel("Quote changes", [Query(ticks, "{{symbol}}")], "A second.", unit="ops", least=0),
        Panel(
            "Scans",
            [
                Query(quantile(0.5, scan, "namespace"), "p50"),
                Query(quantile(0.95, scan, "namespace"), "p95"),
            ],
            "How long one scan takes.",
            unit="s",
        ),
        Panel("Scan rate", [Query(scans, "scans")], "Scans a second.", unit="ops", least=0),
        Panel(
            "Age of the data",
            [Query(series.of_leader(series.detector(Metric.DATA_AGE)), "age")],
            "Market seconds since the newest option packet.",
            unit="s",
            least=0,
        ),
        Panel(
            "Viewers",
            [Query(series.backend(Metric.SIGNALR_CONNECTIONS), "{{pod}}")],
            "Live channels of each backend.",
            least=0,
        ),
    ]


def _holdups(series: Series) -> list[Panel]:
    waiting = series.of_leader(series.detector(Metric.SPOOL_PENDING))

    def counted(metric: str, label: str) -> str:
        return f"sum by ({label}) (increase({metric}[5m]))"

    return [
        Panel("Waiting for the backend", [Query(waiting, "events")], "Events in the spool.", least=0),
        Panel(
            "Not taken",
            [
                Query(counted(series.detector(Metric.PUBLISH_FAILURES), "reason"), "publish {{reason}}"),
                Query(counted(series.backend(Metric.SIGNALR_DROPPED), "reason"), "viewer {{reason}}"),
            ],
            "Within five minutes: requests that the backend did not take, and what slow viewers did not get.",
            least=0,
        ),
        Panel(
            "Faults",
            [
                Query(counted(series.detector(Metric.SPOOL_ERRORS), "error_type"), "spool {{error_type}}"),
                Query(counted(series.detector(Metric.SCAN_ERRORS), "error_type"), "scan {{error_type}}"),
                Query(counted(series.cluster(Metric.HANDLER_ERRORS), "handler"), "handler {{handler}}"),
                Query(counted(series.detector(Metric.IBKR_DROPPED), "reason"), "broker {{reason}}"),
                Query(counted(series.detector(Metric.IBKR_ERRORS), "code"), "code {{code}}"),
            ],
            "Within five minutes; the broker's codes include mere notices.",
            least=0,
        ),
    ]
