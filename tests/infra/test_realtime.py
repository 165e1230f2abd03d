"""Realtime: SignalR in serverless mode, for the page's own origins, without keys."""

from __future__ import annotations

from typing import Any

import pytest

from infra.cloud.realtime import Realtime
from stacks.settings import StackSettings
from tests.infra.recording import inputs_of, recorded, recorded_part

SIGNALR = "azure-native:signalrservice:SignalR"


def service(**changed: object) -> dict[str, Any]:
    settings = StackSettings.model_validate({"stack": "prod"} | changed)
    plan = recorded_part(
        lambda scope, within: Realtime(
            "realtime",
            scope,
            origins=["https://page.example.org"],
            backend_principal_id="backend",
            webapp_principal_id="webapp",
            opts=within,
        ),
        settings,
    )
    return inputs_of(plan, SIGNALR, "service")


def test_the_service_is_free_and_serverless_and_takes_no_keys() -> None:
    inputs = service()
    assert inputs["resourceName"] == "signalr-spy-options"
    assert inputs["sku"] == {"name": "Free_F1", "tier": "Free", "capacity": 1}
    assert {"flag": "ServiceMode", "value": "Serverless"} in inputs["features"]
    assert inputs["disableLocalAuth"] is True
    assert inputs["disableAadAuth"] is False
    assert inputs["tls"] == {"clientCertEnabled": False}
    assert inputs["serverless"] == {"connectionTimeoutInSeconds": 30}


def test_keys_and_units_follow_their_settings() -> None:
    inputs = service(signalr={"localAuth": True, "sku": "Standard_S1", "capacity": 2})
    assert inputs["disableLocalAuth"] is False
    assert inputs["sku"] == {"name": "Standard_S1", "tier": "Standard", "capacity": 2}


@pytest.mark.parametrize("domain", ["", "www.example.org"])
def test_only_the_pages_own_hosts_may_connect(domain: str) -> None:
    plan = recorded(StackSettings.model_validate({"stack": "dev", "site": {"customDomain": domain}}), preview=False)
    (site,) = (given for urn, given in plan.component_outputs.items() if urn.endswith("::site"))
    allowed = inputs_of(plan, SIGNALR, "service")["cors"]["allowedOrigins"]
    assert allowed == [f"https://{site['host']}", *([f"https://{domain}"] if domain else [])]
    assert not any("*" in origin for origin in allowed)
