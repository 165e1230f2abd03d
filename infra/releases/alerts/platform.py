"""Alerts on what the services stand on: volumes, containers, the gateways' weekend, secrets that end. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from infra.cluster.broker import gateways
from infra.cluster.objects import claim
from infra.releases.alerts.words import alert
from infra.releases.operator import Alert, Level
from infra.releases.promql import Series
from stacks.naming import VOLUMES
from stacks.settings import StackSettings

FREE_SHARE = 0.1
RESTARTS_AN_HOUR = 3
WARNED_BEFORE = timedelta(days=14)


def alerts(series: Series, settings: StackSettings) -> list[Alert]:
    """Those that concern what the stack has."""
    found = [_volume(series), _restarts(series, [one.app for one in gateways(settings)])]
    if gateways(settings):
        found.append(_gateway(series, [one.app for one in gateways(settings)]))
        found += [_schedule(series)] if settings.schedule.enabled else []
    if settings.forwards_logs and settings.logs.forwarder_expires:
        found.append(_secret(settings.logs.forwarder_expires))
    return found


def _volume(series: Series) -> Alert:
    claims = f"~{'|'.join(map(claim, VOLUMES))}"
    free = series.cluster("kubelet_volume_stats_available_bytes", persistentvolumeclaim=claims)
    size = series.cluster("kubelet_volume_stats_capacity_bytes", persistentvolumeclaim=claims)
    return alert(
        "VolumeFilling",
        Level.WARNING,
        "10m",
        f"{free} / {size} < {FREE_SHARE:g}",
        summary="{{ $labels.persistentvolumeclaim }} has {{ $value | humanizePercentage }} left",
        description="Local volumes share the node's disk: it is the disk under the folder that fills.",
    )


def _restarted(series: Series, containers: str) -> str:
    restarts = series.cluster("kube_pod_container_status_restarts_total", container=containers)
    return f"increase({restarts}[1h]) > {RESTARTS_AN_HOUR}"


def _restarts(series: Series, apart: list[str]) -> Alert:
    return alert(
        "ContainerRestarting",
        Level.WARNING,
        "0m",
        _restarted(series, f"!~{'|'.join(apart)}" if apart else "!"),
        summary="{{ $labels.container }} was started anew {{ $value | humanize }} times within an hour",
        description="In pod {{ $labels.pod }}. The log of the container before: kubectl logs --previous.",
    )


def _gateway(series: Series, apps: list[str]) -> Alert:
    return alert(
        "GatewayRestarting",
        Level.WARNING,
        "0m",
        _restarted(series, f"~{'|'.join(apps)}"),
        summary="{{ $labels.container }} was started anew {{ $value | humanize }} times within an hour",
        description="Each start asks for a login, and each login for the second factor.",
    )


def _schedule(series: Series) -> Alert:
    jobs = {"cronjob": "~ibkr-.*"}
    due = series.cluster("kube_cronjob_status_last_schedule_time", **jobs)
    done = series.cluster("kube_cronjob_status_last_successful_time", **jobs)
    by = "on (namespace, cronjob)"
    return alert(
        "CronJobFailed",
        Level.WARNING,
        "15m",
        f"{due} > {by} {done} or {due} unless {by} {done}",
        summary="{{ $labels.cronjob }} was due and has not been done",
        description="The gateways are not scaled as the weekend wants it.",
    )


def _secret(day: str) -> Alert:
    ends = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return alert(
        "LogSecretEnding",
        Level.WARNING,
        "0m",
        f"vector(time()) > {(ends - WARNED_BEFORE).timestamp():.0f}",
        summary=f"The log forwarder's secret ends on {day}",
        description="From then on Azure takes no log line of the cluster; they wait on the node.",
    )
