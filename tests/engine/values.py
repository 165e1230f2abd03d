"""Values: the personal settings and secrets that committed stack files leave empty, as tests fill them. No real ids."""

from __future__ import annotations

from typing import Any

from infra.cloud_model.outputs import TENANT
from infra.cloud_model.paths import SUBSCRIPTION

CLUSTER_UID = "c1a57e20-0000-4000-8000-000000000001"
API = "c1a57e20-0000-4000-8000-0000000000a1"
DIGEST = "sha256:" + "ab" * 32

SECRETS = {"vpnPsk": "correct-horse-battery-staple-psk"}
"""Secret settings, by key."""


def deployable(stack: str) -> dict[str, Any]:
    """What makes a committed stack file complete enough for `up`."""
    return {
        "azure": {"subscriptionId": SUBSCRIPTION, "tenantId": TENANT, "apiAudience": API},
        "alerts": {"contacts": ["owner@example.org"]},
        "onPrem": {"address": "203.0.113.7"},
        "cluster": {"context": f"test-{stack}", "uid": CLUSTER_UID, "issuer": "https://issuer.example.org"},
        "images": dict.fromkeys(("backend", "detector", "tradingBot", "simulator"), DIGEST),
    }
