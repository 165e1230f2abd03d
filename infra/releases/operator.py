"""Operator: the objects of the Prometheus operator, typed: what they say, and the resources that say it.

The definitions themselves come with the monitoring's chart; `spec` of each class has only the fields that we use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

API_VERSION = "monitoring.coreos.com/v1"

RELEASE_LABEL = {"release": "prometheus"}
"""What the sources' Prometheus selects by; ours selects everything, another one may not."""


class Level(StrEnum):
    """How soon somebody must look: at once, or today."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True)
class Endpoint:
    """Where and how often a Service's pods are asked. `port` is the name of the Service's port."""

    port: str
    path: str = "/metrics"
    interval: str = "15s"
    timeout: str = "10s"
    dropped_labels: tuple[str, ...] = ()
    """Labels that the operator gives to each target and ours do without."""

    @property
    def spec(self) -> dict[str, Any]:
        """As the API has it."""
        said: dict[str, Any] = {
            "port": self.port,
            "path": self.path,
            "interval": self.interval,
            "scrapeTimeout": self.timeout,
        }
        if self.dropped_labels:
            said["relabelings"] = [{"action": "labeldrop", "regex": label} for label in self.dropped_labels]
        return said


@dataclass(frozen=True)
class ServiceMonitorSpec:
    """Which Services of its own namespace are watched, by their labels."""

    labels: Mapping[str, str]
    endpoints: Sequence[Endpoint]

    @property
    def spec(self) -> dict[str, Any]:
        """As the API has it. Without a job label the Service's name becomes the label `job`."""
        return {
            "selector": {"matchLabels": dict(self.labels)},
            "endpoints": [endpoint.spec for endpoint in self.endpoints],
        }


@dataclass(frozen=True)
class Alert:
    """One alert. `lasting`: how long the expression must hold, e.g. 2m."""

    name: str
    expression: str
    lasting: str
    level: Level
    summary: str
    description: str
    runbook: str

    @property
    def spec(self) -> dict[str, Any]:
        """As the API has it."""
        return {
            "alert": self.name,
            "expr": self.expression,
            "for": self.lasting,
            "labels": {"severity": str(self.level)},
            "annotations": {"summary": self.summary, "description": self.description, "runbook": self.runbook},
        }


@dataclass(frozen=True)
class PrometheusRuleSpec:
    """Alerts in groups; a group is judged in one go."""

    groups: Mapping[str, Sequence[Alert]] = field(default_factory=dict)

    @property
    def spec(self) -> dict[str, Any]:
        """As the API has it."""
        return {
            "groups": [
                {"name": name, "rules": [alert.spec for alert in alerts]} for name, alerts in self.groups.items()
            ]
        }


class ServiceMonitor(CustomResource):
    """Tells Prometheus which Services to ask."""

    def __init__(
        self, name: str, spec: ServiceMonitorSpec, metadata: ObjectMetaArgs, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__(name, API_VERSION, "ServiceMonitor", spec=spec.spec, metadata=metadata, opts=opts)


class PrometheusRule(CustomResource):
    """Tells Prometheus when to raise which alert."""

    def __init__(
        self, name: str, spec: PrometheusRuleSpec, metadata: ObjectMetaArgs, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__(name, API_VERSION, "PrometheusRule", spec=spec.spec, metadata=metadata, opts=opts)
