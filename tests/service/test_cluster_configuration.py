"""What the services are told in the cluster, read from the recorded plan of each stack as a kubelet would put it into
their environment, and taken by each service's own settings: a value out of its bounds never reaches a pod.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import annotated_types
import pytest
import yaml
from pydantic import ValidationError

from apps.backend.settings import Settings as BackendSettings
from apps.bot.settings import BotSettings
from apps.contracts.names import AzureEnv
from apps.detector.settings import DetectorSettings
from apps.service.settings import ServiceSettings, load_settings
from stacks.settings.workloads import TuningSettings

PLANS = Path(__file__).parents[2] / "stacks" / "plan"
STACKS = ("dev", "local", "prod")
SERVICES: dict[str, type[ServiceSettings]] = {
    "detector": DetectorSettings,
    "backend": BackendSettings,
    "trading-bot": BotSettings,
}
OWN_MAP = {"detector": "detector-config", "backend": "backend-config", "trading-bot": "trading-bot-config"}
EVERYWHERE = "0.0.0.0"  # noqa: S104  (what a container binds to; nothing is bound here)
NOT_YET = {"store", "hub"}
"""What a backend in Azure is told and today's refuses: Azure's tables and SignalR come with its next part."""

Object = dict[str, Any]


@cache
def objects(stack: str) -> dict[tuple[str, str], Object]:
    """What the cluster layer declares, by kind and name."""
    entries = yaml.load((PLANS / stack / "cluster.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    declared = [entry["inputs"] for entry in entries if "kubernetes:" in entry["urn"]]
    return {(one["kind"], one["metadata"]["name"]): one for one in declared}


def settled(value: str) -> str:
    """A value as an operator's own settings make it: each placeholder is some id."""
    return re.sub(r"<setting:[^>]*>", "11111111-2222-3333-4444-555555555555", value)


def environment(stack: str, service: str) -> dict[str, str]:
    """The environment of a service's container. Secrets, which no plan shows, are left out."""
    spec = objects(stack)["Deployment", service]["spec"]["template"]["spec"]
    (container,) = [one for one in spec["containers"] if one["name"] == service]
    found: dict[str, str] = {}
    for source in container["envFrom"]:
        if reference := source.get("configMapRef"):
            found |= objects(stack)["ConfigMap", reference["name"]]["data"]
    for each in container.get("env", []):
        path = each.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
        found[each["name"]] = each.get("value") or {"metadata.name": f"{service}-0", "metadata.namespace": "a"}[path]
    return {key: settled(value) for key, value in found.items()}


def told(kind: type[ServiceSettings], values: dict[str, str]) -> ServiceSettings:
    """What a service makes of an environment that holds nothing else."""
    with mock.patch.dict(os.environ, values, clear=True):
        return kind()


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("service", ["detector", "trading-bot"])
def test_detector_and_bot_take_every_value_that_they_are_told(stack: str, service: str) -> None:
    with mock.patch.dict(os.environ, environment(stack, service), clear=True):
        load_settings(SERVICES[service])


def test_the_local_backend_takes_every_value_that_it_is_told() -> None:
    with mock.patch.dict(os.environ, environment("local", "backend"), clear=True):
        load_settings(BackendSettings)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_of_what_a_backend_in_azure_is_told_only_store_and_hub_are_not_known_yet(stack: str) -> None:
    with pytest.raises(ValidationError) as refused:
        told(BackendSettings, environment(stack, "backend"))
    assert {str(fault["loc"][0]) for fault in refused.value.errors()} == NOT_YET
    known = {key: value for key, value in environment(stack, "backend").items() if key.lower() not in NOT_YET}
    told(BackendSettings, known)


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_service_s_own_map_holds_nothing_that_it_does_not_read(stack: str, service: str) -> None:
    keys = {key.lower() for key in objects(stack)["ConfigMap", OWN_MAP[service]]["data"]}
    assert keys <= set(SERVICES[service].model_fields)


@pytest.mark.parametrize("stack", STACKS)
def test_every_shared_key_is_read_by_one_of_them(stack: str) -> None:
    read = {name.upper() for kind in SERVICES.values() for name in kind.model_fields}
    assert set(objects(stack)["ConfigMap", "bot-config"]["data"]) <= read


@pytest.mark.parametrize("stack", STACKS)
def test_detector_backend_and_bot_speak_of_one_symbol_source_and_spool(stack: str) -> None:
    detector, bot = (told(SERVICES[name], environment(stack, name)) for name in ("detector", "trading-bot"))
    assert isinstance(detector, DetectorSettings)
    assert isinstance(bot, BotSettings)
    backend = environment(stack, "backend")
    assert detector.symbol == bot.symbol == backend["SYMBOL"]
    assert detector.source.value == backend["SOURCE"]
    assert bot.spool_dir == detector.data_dir / "spool"
    assert detector.leadership == "lease"
    assert detector.ibkr_client_id != bot.bot_ibkr_client_id


@pytest.mark.parametrize("stack", STACKS)
def test_no_service_in_the_cluster_waits_on_loopback_only(stack: str) -> None:
    assert {environment(stack, service)["BIND_HOST"] for service in SERVICES} == {EVERYWHERE}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (name, bound)
        for name, field in TuningSettings.model_fields.items()
        for limit in field.metadata
        for bound in (getattr(limit, "ge", None), getattr(limit, "le", None))
        if isinstance(limit, annotated_types.Ge | annotated_types.Le) and bound is not None
    ],
)
def test_whatever_a_stack_may_be_tuned_to_is_within_the_services_own_bounds(name: str, value: float) -> None:
    readers = [kind for kind in SERVICES.values() if name in kind.model_fields]
    assert readers
    for kind in readers:
        told(kind, {name.upper(): f"{value:g}"})


@pytest.mark.parametrize("level", TuningSettings.model_fields["log_level"].annotation)  # type: ignore[arg-type]
def test_every_log_level_of_a_stack_is_one_of_the_services(level: str) -> None:
    for kind in SERVICES.values():
        told(kind, {"LOG_LEVEL": level})


@pytest.mark.parametrize("stack", STACKS)
def test_every_service_has_an_identity_of_its_own_where_there_is_azure(stack: str) -> None:
    identities = [environment(stack, service).get(AzureEnv.CLIENT_ID) for service in SERVICES]
    assert len(set(identities)) == (1 if stack == "local" else len(SERVICES))
    assert (None in identities) == (stack == "local")
