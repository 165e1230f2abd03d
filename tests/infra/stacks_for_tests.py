"""Settings of stacks for tests of cloud and VPN: a prod with a gateway and a home line, and what a test changes."""

from __future__ import annotations

from typing import Any

from stacks.settings import StackSettings

AZURE = {
    "subscriptionId": "00000000-0000-0000-0000-000000000001",
    "tenantId": "00000000-0000-0000-0000-000000000002",
}
HOME = "203.0.113.7"
"""From the documentation range of RFC 5737."""


def cloud_only(stack: str = "prod", **changed: Any) -> StackSettings:
    """A stack of the layers cloud and vpn: Basic gateway, home line by address, private endpoint."""
    settings: dict[str, Any] = {
        "stack": stack,
        "layers": ["cloud", "vpn"],
        "azure": AZURE,
        "vpn": {"sku": "Basic"},
        "onPrem": {"address": HOME},
        "storage": {"privateEndpoint": True},
    }
    return StackSettings.model_validate({**settings, **changed})
