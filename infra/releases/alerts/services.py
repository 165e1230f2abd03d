"""Alerts on the services themselves: who answers, who leads, what is lost or slow. True at any hour. Pure."""

from __future__ import annotations

from apps.contracts.names import Metric
from infra.cluster.objects import App
from infra.releases.alerts.words import alert
from infra.releases.operator import Alert, Level
from infra.releases.promql import POD, Series, buckets, quantile, risen
from infra.releases.targets import BACKEND, BOT, DETECTOR, Target

LATENCY_SECONDS = 0.5
"""From a packet to what it shows, and from an event to its acknowledgement (requirements Appendix A)."""

WAITING_EVENTS = 100
"""A backend that answers keeps the spool at a handful; events come at some ten a second."""

MEMORY_SHARE = 0.9
FAILING_SHARE = 0.05


def alerts(series: Series) -> list[Alert]:
    """All of them."""
    return [*_answering(series), *_leading(series), *_keeping(series), *_working(series)]


def _down(name: str, target: Target, series: Series, description: str) -> Alert:
    """None of a service's replicas answers, or there is none to ask."""
    up = series.of("up", target)
    nobody = f"sum by (namespace, job) ({up}) == 0 or absent({up})"
    return alert(name, Level.CRITICAL, "2m", nobody, summary=f"No {target.app} answers", description=description)


def _answering(series: Series) -> list[Alert]:
    wanted = series.cluster("kube_deployment_spec_replicas", deployment=App.BOT)
    answers = series.of("up", BOT)
    return [
        _down("BackendDown", BACKEND, series, "Nothing is kept and no page is served from here; events wait on disk."),
        _down("DetectorDown", DETECTOR, series, "No quote is read and nothing is detected."),
        alert(
            "TradingBotDown",
            Level.CRITICAL,
            "2m",
            # Silent while the bot is scaled to nothing, which is its first lock and no fault.
            f"{wanted} > 0 unless on (namespace) {answers} == 1",
            summary="The bot is switched on and does not answer",
            description="Signals pass it by. What it holds is covered by its exits at the broker.",
        ),
    ]


def _leading(series: Series) -> list[Alert]:
    leaders = f"sum by (namespace, symbol) ({series.detector(Metric.LEADER)})"
    return [
        alert(
            "NoLeader",
            Level.CRITICAL,
            "1m",
            f"{leaders} == 0",
            summary="No detector leads for {{ $labels.symbol }}",
            description="Detectors answer and none of them holds the symbol's Lease: nothing is detected.",
        ),
        alert(
            "TwoLeaders",
            Level.CRITICAL,
            "1m",
            f"{leaders} > 1",
            summary="{{ $value }} detectors lead for {{ $labels.symbol }}",
            description="Only one may write. The backend refuses the lower epoch, so nothing is stored twice.",
        ),
    ]


def _keeping(series: Series) -> list[Alert]:
    waiting = f"min_over_time({series.detector(Metric.SPOOL_PENDING)}[5m]) > {WAITING_EVENTS}"
    refused = series.detector(Metric.PUBLISH_FAILURES, reason="parked")
    failing = series.detector(Metric.PUBLISH_FAILURES, reason="!parked")
    stored = series.backend(Metric.STORAGE_OPERATIONS, status="~error|Storage.*")
    return [
        alert(
            "SpoolGrowing",
            Level.WARNING,
            "5m",
            series.of_leader(waiting),
            summary="{{ $value }} events wait for the backend",
            description="They are safe on the detector's volume and go out in order when the backend takes them.",
        ),
        alert(
            "SpoolFaults",
            Level.CRITICAL,
            "0m",
            risen(series.detector(Metric.SPOOL_ERRORS), "10m"),
            summary="The spool of {{ $labels.pod }} has faults: {{ $labels.error_type }}",
            description="Events could not be written, or what is on the disk is damaged: some may be lost.",
        ),
        alert(
            "PublishFailures",
            Level.WARNING,
            "5m",
            f"sum by ({POD}) (rate({failing}[5m])) > 0.05",
            summary="{{ $labels.pod }} does not get rid of its events",
            description="The backend has not taken them for minutes; it is asked again every five seconds.",
        ),
        alert(
            "EventsRefused",
            Level.WARNING,
            "0m",
            risen(refused, "15m"),
            summary="The backend refused events of {{ $labels.pod }}",
            description="They lie in dead-letter.jsonl beside the spool, and a gap went in their place.",
        ),
        alert(
            "StoreFailing",
            Level.CRITICAL,
            "5m",
            f"sum by (namespace, operation, status) (rate({stored}[5m])) > 0",
            summary="The store fails: {{ $labels.operation }}, {{ $labels.status }}",
            description="What cannot be kept is not acknowledged, so the detector keeps it.",
        ),
    ]


def _working(series: Series) -> list[Alert]:
    latency = quantile(0.95, series.detector(buckets(Metric.PIPELINE_LATENCY)), "namespace, stage")
    answers = "sum by (namespace) (rate({}[5m]))"
    failed = answers.format(series.backend(Metric.HTTP_REQUESTS, status="~5.."))
    used = series.cluster("container_memory_working_set_bytes", container="!")
    allowed = series.cluster("kube_pod_container_resource_limits", resource="memory")
    return [
        alert(
            "HighSignalLatency",
            Level.WARNING,
            "5m",
            f"{latency} > {LATENCY_SECONDS:g}",
            summary="Stage {{ $labels.stage }} takes {{ $value | humanizeDuration }} (95th percentile)",
            description="detect is from a packet to its scan, publish from an event to its acknowledgement.",
        ),
        alert(
            "ServiceFaults",
            Level.WARNING,
            "0m",
            f"{risen(series.detector(Metric.SCAN_ERRORS), '10m')} or "
            f"{risen(series.cluster(Metric.HANDLER_ERRORS), '10m')}",
            summary="A part of {{ $labels.pod }} raised: {{ $labels.error_type }}{{ $labels.handler }}",
            description="It goes on; the pod's log has the traceback.",
        ),
        alert(
            "BackendErrors",
            Level.WARNING,
            "5m",
            f"{failed} / {answers.format(series.backend(Metric.HTTP_REQUESTS))} > {FAILING_SHARE:g}",
            summary="{{ $value | humanizePercentage }} of the backend's answers are faults of its own",
            description="Answers with a status of 500 and above.",
        ),
        alert(
            "HighMemoryUsage",
            Level.WARNING,
            "5m",
            f"max by (namespace, pod, container) ({used})"
            f" / max by (namespace, pod, container) ({allowed}) > {MEMORY_SHARE:g}",
            summary="{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its memory",
            description="At the limit the kernel ends container {{ $labels.container }}.",
        ),
    ]
