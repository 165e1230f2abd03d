"""Values: the personal settings and secrets that committed stack files leave empty, as tests fill them. No real ids."""

from __future__ import annotations

from typing import Any

from infra.cloud_model import read
from infra.cloud_model.outputs import TENANT
from infra.cloud_model.paths import SUBSCRIPTION

CLUSTER_UID = str(read("kubernetes:core/v1:Namespace", "kube-system")["metadata"]["uid"])
API = "c1a57e20-0000-4000-8000-0000000000a1"
DIGEST = "sha256:" + "ab" * 32

SECRETS = {
    "vpnPsk": "correct-horse-battery-staple-psk",
    "registryPassword": "correct-horse-registry",
    "ibkrUsername": "correct-horse-live-user",
    "ibkrPassword": "correct-horse-live",
    "ibkrPaperUsername": "correct-horse-paper-user",
    "ibkrPaperPassword": "correct-horse-paper",
    "publisherSecret": "correct-horse-battery-staple-publisher",
    "logsSecret": "correct-horse-logs",
    "grafanaPassword": "correct-horse-grafana",
}
"""Secret settings, by key."""


def deployable(stack: str) -> dict[str, Any]:
    """What makes a committed stack file complete enough for `up`."""
    return {
        "azure": {"subscriptionId": SUBSCRIPTION, "tenantId": TENANT, "apiAudience": API},
        "alerts": {"contacts": ["owner@example.org"]},
        "onPrem": {"address": "203.0.113.7"},
        "logs": {"forwarderId": API},
        "upstream": {
            "github": "images.example.org",
            "charts": "https://charts.example.org",
            "baseDigest": DIGEST,
            "gatewayDigest": DIGEST,
            "forwarderDigest": DIGEST,
        },
        "cluster": {"context": f"test-{stack}", "uid": CLUSTER_UID, "issuer": "https://issuer.example.org"},
        "images": dict.fromkeys(("backend", "detector", "tradingBot", "simulator"), DIGEST),
    }
