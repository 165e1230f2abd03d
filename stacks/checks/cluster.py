"""Cluster checks: times, addresses and names that the cluster would refuse only when half of a stack is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from stacks.checks.azure_names import OBJECT
from stacks.checks.schedule import cron_fault, is_time_zone
from stacks.checks.words import HOST, HOST_FORM, given, is_https
from stacks.settings import Layer, StackSettings
from stacks.settings.platform import ClusterIdentity

_NODE = r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?"
_DAY = r"\d{4}-\d{2}-\d{2}"
_LINES_MAX = 1_000
"""Market-data lines that a detector takes for one symbol."""


def alone(settings: StackSettings) -> Iterator[str]:
    """Problems of what one stack puts into its cluster."""
    yield from _forwarder(settings.logs.forwarder_expires)
    if not settings.includes(Layer.CLUSTER):
        return
    yield from _schedule(settings)
    yield from _upstream(settings)
    yield from _identity(settings)
    node = settings.cluster.volume_node
    if node and not re.fullmatch(_NODE, node):
        yield f"cluster.volumeNode {node!r} is no node: give its label kubernetes.io/hostname, in small letters"
    yield from _names(settings)
    lines = settings.services.lines_per_symbol + settings.services.reserved_lines
    if lines > _LINES_MAX:
        yield (
            f"services.linesPerSymbol and services.reservedLines are {lines} together and a detector takes "
            f"{_LINES_MAX}: lower one of them"
        )


def _names(settings: StackSettings) -> Iterator[str]:
    """Names of what others made: storage classes of the cluster, and the device that the broker asks."""
    gateway = settings.gateway
    classes = {"gateway.storageClass": gateway.storage_class, "releases.storageClass": settings.releases.storage_class}
    for key, name in classes.items():
        if not OBJECT.fits(name):
            yield f"{key} {name!r} is no storage class: give a name that 'kubectl get storageclass' shows"
    if not gateway.second_factor.isprintable():  # it becomes a line of the gateway's own file
        yield f"gateway.secondFactor {gateway.second_factor!r} is no name of one line: give it as the broker shows it"


def _schedule(settings: StackSettings) -> Iterator[str]:
    schedule = settings.schedule
    if not schedule.enabled:
        return
    if not is_time_zone(schedule.time_zone):
        yield (
            f"schedule.timeZone {schedule.time_zone!r} is no time zone: give a name of the tz database such as "
            "America/New_York"
        )
    for key, line in (("schedule.stop", schedule.stop), ("schedule.start", schedule.start)):
        if fault := cron_fault(line):
            yield f"{key} {line!r} is no cron line, {fault}: write it as '0 18 * * 5', Fridays at 18:00"
    if schedule.stop == schedule.start:
        yield f"schedule.stop and schedule.start are both {schedule.stop!r}: give one of them another time"


def _upstream(settings: StackSettings) -> Iterator[str]:
    github, charts = settings.upstream.github, settings.upstream.charts
    if given(github) and not re.fullmatch(HOST_FORM, github):
        yield f"upstream.github {github!r} is no host: give {HOST} in small letters, without scheme and path"
    if given(charts) and not is_https(charts):
        yield f"upstream.charts {charts!r} is no https address: give that of the chart repository, without query"


def _identity(settings: StackSettings) -> Iterator[str]:
    if settings.cluster.identity is ClusterIdentity.FEDERATED and not settings.includes(Layer.CLOUD):
        yield (
            "cluster.identity is federated and the layer cloud, whose identities it signs in as, is left out: set "
            "cluster.identity to keys"
        )


def _forwarder(day: str) -> Iterator[str]:
    """The form only: what day it is, is asked by `spy doctor`."""
    if not given(day):
        return
    try:
        known = re.fullmatch(_DAY, day) is not None and date.fromisoformat(day) is not None
    except ValueError:
        known = False
    if not known:
        yield f"logs.forwarderExpires {day!r} is no day: write it as YYYY-MM-DD, or let 'spy bootstrap' write it"
