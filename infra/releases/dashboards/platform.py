"""The platform page: HTTP, the store, memory, CPU, restarts and volumes of a stack's namespace. Pure."""

from __future__ import annotations

from apps.contracts.names import Metric
from infra.releases.alerts.services import MEMORY_SHARE
from infra.releases.dashboards.panels import Dashboard, Kind, Panel, Query, Step
from infra.releases.promql import Series, buckets, quantile

CONTAINER = "max by (pod, container)"


def dashboard(series: Series) -> Dashboard:
    """For whoever looks after the cluster; every 15 seconds, as often as there is something new."""
    return Dashboard("platform", "platform", [*_backend(series), *_pods(series), *_rest(series)], "15s", "6h")


def _backend(series: Series) -> list[Panel]:
    requests = f"sum by (status) (rate({series.backend(Metric.HTTP_REQUESTS)}[5m]))"
    durations = series.backend(buckets(Metric.HTTP_DURATION))
    operations = f"sum by (operation, status) (rate({series.backend(Metric.STORAGE_OPERATIONS)}[5m]))"
    store = series.backend(buckets(Metric.STORAGE_DURATION))
    return [
        Panel("Answers", [Query(requests, "{{status}}")], "A second, by status.", unit="reqps", least=0),
        Panel(
            "Answer time",
            [
                Query(quantile(0.5, durations, "namespace"), "p50"),
                Query(quantile(0.95, durations, "namespace"), "p95"),
            ],
            "Over all paths.",
            unit="s",
        ),
        Panel(
            "Answer time by path",
            [Query(quantile(0.95, durations, "endpoint"), "{{endpoint}}")],
            "95th percentile.",
            unit="s",
        ),
        Panel(
            "Store operations",
            [Query(operations, "{{operation}} {{status}}")],
            "A second.",
            unit="ops",
            width=12,
            least=0,
        ),
        Panel(
            "Store operation time",
            [Query(quantile(0.95, store, "operation"), "{{operation}}")],
            "95th percentile.",
            unit="s",
            width=12,
        ),
    ]


def _pods(series: Series) -> list[Panel]:
    memory = series.cluster("container_memory_working_set_bytes", container="!")
    limit = series.cluster("kube_pod_container_resource_limits", resource="memory")
    cpu = series.cluster("container_cpu_usage_seconds_total", container="!")
    held = series.cluster("container_cpu_cfs_throttled_periods_total", container="!")
    periods = series.cluster("container_cpu_cfs_periods_total", container="!")
    return [
        Panel(
            "Memory of its limit",
            [Query(f"{CONTAINER} ({memory}) / {CONTAINER} ({limit})", "{{pod}} {{container}}")],
            "At 1 the kernel ends the container.",
            unit="percentunit",
            steps=(Step(None, "green"), Step(MEMORY_SHARE, "red")),
            least=0,
        ),
        Panel(
            "CPU",
            [Query(f"sum by (pod, container) (rate({cpu}[5m]))", "{{pod}} {{container}}")],
            "CPUs used.",
            least=0,
        ),
        Panel(
            "CPU held back",
            [
                Query(
                    f"sum by (pod, container) (rate({held}[5m])) / sum by (pod, container) (rate({periods}[5m]))",
                    "{{pod}} {{container}}",
                )
            ],
            "Share of the periods in which a container met its limit.",
            unit="percentunit",
            least=0,
        ),
    ]


def _rest(series: Series) -> list[Panel]:
    wanted = series.cluster("kube_deployment_spec_replicas")
    ready = series.cluster("kube_deployment_status_replicas_ready")
    gateways = series.cluster("kube_statefulset_status_replicas_ready")
    restarts = series.cluster("kube_pod_container_status_restarts_total")
    free = series.cluster("kubelet_volume_stats_available_bytes")
    size = series.cluster("kubelet_volume_stats_capacity_bytes")
    return [
        Panel(
            "Replicas",
            [
                Query(ready, "{{deployment}} ready"),
                Query(wanted, "{{deployment}} wanted"),
                Query(gateways, "{{statefulset}} ready"),
            ],
            "The bot's and the gateways' may be none on purpose.",
            least=0,
        ),
        Panel(
            "Restarts, last hour",
            [Query(f"sum by (container) (increase({restarts}[1h]))", "{{container}}")],
            "Containers that were started anew.",
            least=0,
        ),
        Panel(
            "Room on the volumes",
            [Query(f"{free} / {size}", "{{persistentvolumeclaim}}")],
            "Local volumes show the disk that their folder is on.",
            Kind.LINES,
            unit="percentunit",
            steps=(Step(None, "red"), Step(0.1, "green")),
            least=0,
        ),
    ]
