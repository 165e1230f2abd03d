"""MonitoringValues: what the monitoring's chart is told. Pure; holds no secret, only the names of Secrets."""

from __future__ import annotations

from typing import Any, Final

from infra.releases.alert_routes import SECRET, alertmanager_config, tells_anybody
from infra.releases.dashboard_maps import SIDECAR_LABEL
from infra.releases.dashboards.panels import DATASOURCE
from stacks.settings import StackSettings
from stacks.settings.workloads import ReleaseSettings

SCRAPE_INTERVAL: Final = "15s"

ADMIN_SECRET: Final = "grafana-admin"  # noqa: S105  (the Secret's name)
ADMIN_USER_KEY: Final = "admin-user"
ADMIN_PASSWORD_KEY: Final = "admin-password"  # noqa: S105  (the key's name)

NODE_EXPORTER_FULL: Final = {"gnetId": 1860, "revision": 37, "datasource": "Prometheus"}
"""The one page that Grafana fetches from its makers. Of the three that the sources name, 7249 and 6417 ask for metrics
as they were called in 2018, and the chart's own pages show what those showed."""

Values = dict[str, Any]


def values(settings: StackSettings) -> Values:
    """Values of kube-prometheus-stack.

    k3s runs controller manager, scheduler, proxy and datastore in one process without ports of their own, so their
    scrapes are off, and with them the alerts that would say for ever that they are down.
    """
    releases = settings.releases
    return {
        "prometheus": _prometheus(releases),
        "alertmanager": _alertmanager(settings),
        "grafana": _grafana(releases),
        **{part: {"enabled": False} for part in ("kubeControllerManager", "kubeScheduler", "kubeProxy", "kubeEtcd")},
    }


def retention_size(gibibytes: int) -> str:
    """Nine tenths of a volume in Prometheus' words, whose MB is 2^20 bytes: the log of what is newest comes on top."""
    return f"{gibibytes * 1024 * 9 // 10}MB"


def _prometheus(releases: ReleaseSettings) -> Values:
    # Without these it would ask only what this very release declares, and not the monitors and rules of the stacks.
    everything = ("serviceMonitor", "podMonitor", "probe", "rule", "scrapeConfig")
    return {
        "service": {"type": "ClusterIP"},
        "prometheusSpec": {
            "retention": f"{releases.retention_days}d",
            "retentionSize": retention_size(releases.prometheus_gi),
            "scrapeInterval": SCRAPE_INTERVAL,
            "evaluationInterval": SCRAPE_INTERVAL,
            "storageSpec": _volume(releases, releases.prometheus_gi),
            **{f"{kind}SelectorNilUsesHelmValues": False for kind in everything},
        },
    }


def _alertmanager(settings: StackSettings) -> Values:
    releases = settings.releases
    return {
        "enabled": True,
        "service": {"type": "ClusterIP"},
        "config": alertmanager_config(settings),
        "alertmanagerSpec": {
            "retention": f"{releases.retention_days * 24}h",
            "storage": _volume(releases, releases.alertmanager_gi),
            "secrets": [SECRET] if tells_anybody(settings) else [],
        },
    }


def _grafana(releases: ReleaseSettings) -> Values:
    ((label, value),) = SIDECAR_LABEL.items()
    return {
        "admin": {"existingSecret": ADMIN_SECRET, "userKey": ADMIN_USER_KEY, "passwordKey": ADMIN_PASSWORD_KEY},
        "service": {"type": "NodePort", "nodePort": releases.grafana_node_port},
        "persistence": {
            "enabled": True,
            "storageClassName": releases.storage_class,
            "accessModes": ["ReadWriteOnce"],
            "size": f"{releases.grafana_gi}Gi",
        },
        # Its database is a file on that volume: two of them at a time would lock each other out.
        "deploymentStrategy": {"type": "Recreate"},
        "sidecar": {
            "dashboards": {"enabled": True, "label": label, "labelValue": value, "searchNamespace": "ALL"},
            "datasources": {"defaultDatasourceEnabled": True, "isDefaultDatasource": True, "uid": DATASOURCE["uid"]},
        },
        "dashboardProviders": {
            "dashboardproviders.yaml": {
                "apiVersion": 1,
                "providers": [
                    {
                        "name": "default",
                        "orgId": 1,
                        "folder": "",
                        "type": "file",
                        "disableDeletion": False,
                        "editable": False,
                        "options": {"path": "/var/lib/grafana/dashboards/default"},
                    }
                ],
            }
        },
        "dashboards": {"default": {"node-exporter-full": NODE_EXPORTER_FULL}},
        "grafana.ini": {
            "users": {"default_theme": "light", "allow_sign_up": False},
            "auth.anonymous": {"enabled": False},
            "analytics": {"reporting_enabled": False, "check_for_updates": False},
        },
    }


def _volume(releases: ReleaseSettings, gibibytes: int) -> Values:
    return {
        "volumeClaimTemplate": {
            "spec": {
                "storageClassName": releases.storage_class,
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": f"{gibibytes}Gi"}},
            }
        }
    }
