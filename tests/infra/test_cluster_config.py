"""What the services in the cluster are told, and what of it a change reaches."""

from __future__ import annotations

from typing import Any

import pytest

from apps.contracts.names import Env
from infra.cluster.config import detector_values, shared_values
from infra.cluster.environment import Environment
from infra.cluster.objects import App
from stacks.settings import StackSettings
from tests.infra.cluster_parts import manifest, objects, what_is_read
from tests.infra.recording import STACKS, settings_of

CONFIG_MAP = "core/v1:ConfigMap"
MAPS = {"bot-config", "detector-config", "backend-config", "trading-bot-config"}
SERVICES = (App.DETECTOR, App.BACKEND, App.BOT)


def values_of(stack: str | StackSettings, name: str) -> dict[str, str]:
    """What a ConfigMap holds."""
    return dict(manifest(what_is_read(stack), CONFIG_MAP, name)["data"])


def hashes(found: dict[str, Environment]) -> dict[str, Any]:
    """Annotations of the three services' pods."""
    return {app: found[app].hashes for app in SERVICES}


def restarted_by(changed: dict[str, Any]) -> set[str]:
    """Services whose pods a change of prod's settings makes anew."""
    before = settings_of("prod")
    after = StackSettings.model_validate({**before.model_dump(by_alias=True), "stack": "prod", **changed})
    was, is_now = (what_is_read(settings, hashes).outputs for settings in (before, after))
    return {app for app in SERVICES if was[app] != is_now[app]}


@pytest.mark.parametrize("stack", STACKS)
def test_there_is_what_all_share_and_for_each_service_what_it_has_to_itself(stack: str) -> None:
    found = objects(what_is_read(stack), CONFIG_MAP)
    assert set(found) == MAPS
    known = {value for name, value in vars(Env).items() if name.isupper()}
    for name in MAPS:
        assert set(values_of(stack, name)) <= known, "keys that the services know"


def test_prod_is_told_what_the_requirements_list() -> None:
    told = values_of("prod", "bot-config")
    expected = {
        "LOG_LEVEL": "INFO",
        "STRATEGY_TYPE": "anomaly-arbitrage",
        "MAX_POSITIONS": "5",
        "ANOMALY_THRESHOLD": "3.5",
        "SCAN_INTERVAL_SECONDS": "2",
        "IBKR_HOST": "ibkr-gateway-service",
        "IBKR_PORT": "4003",
        "IBKR_CLIENT_ID": "1",
        "STRIKES_RANGE_PERCENT": "2",
        "BACKEND_URL": "http://backend-service:8000",
    }
    assert expected.items() <= told.items()
    assert told["SOURCE"] == "live"
    assert "SIMULATOR_CONTROL_URL" not in told


def test_dev_logs_more_holds_less_and_scans_less_often() -> None:
    told = values_of("dev", "bot-config")
    assert (told["LOG_LEVEL"], told["MAX_POSITIONS"], told["SCAN_INTERVAL_SECONDS"]) == ("DEBUG", "2", "120")


@pytest.mark.parametrize(
    ("gateway", "data", "orders", "source"),
    [
        ("live-and-paper", "ibkr-gateway-service:4003", "ibkr-gateway-paper-service:4004", "live"),
        ("paper", "ibkr-gateway-paper-service:4004", "ibkr-gateway-paper-service:4004", "live"),
        ("simulator", "simulator-service:4003", "simulator-service:4003", "simulated"),
    ],
)
def test_each_gateway_mode_has_its_addresses(gateway: str, data: str, orders: str, source: str) -> None:
    settings = StackSettings.model_validate({"stack": "prod", "cluster": {"gateway": gateway}})
    shared, bot = values_of(settings, "bot-config"), values_of(settings, "trading-bot-config")
    assert f"{shared['IBKR_HOST']}:{shared['IBKR_PORT']}" == data
    assert f"{bot['BOT_IBKR_HOST']}:{bot['BOT_IBKR_PORT']}" == orders
    assert shared["SOURCE"] == source
    assert (shared.get("SIMULATOR_CONTROL_URL") is not None) == (gateway == "simulator"), (
        "live quotes have no such port"
    )
    assert (bot["BOT_IBKR_CLIENT_ID"], bot["MODE"]) == ("100", "paper")


def test_a_change_of_detector_config_leaves_backend_and_bot_alone() -> None:
    assert restarted_by({"services": {"dataLines": 130, "linesPerSymbol": 100}}) == {App.DETECTOR}


def test_a_change_for_one_service_reaches_that_one_and_a_shared_one_reaches_all() -> None:
    assert restarted_by({"cluster": {"podRange": "10.44.0.0/16"}}) == {App.BACKEND}
    assert restarted_by({"tuning": {"logLevel": "DEBUG"}}) == set(SERVICES)
    assert restarted_by({"volumes": {"cacheGi": 4}}) == set(), "tables need no limit of ours"


def test_several_symbols_share_the_lines_of_the_login() -> None:
    settings = StackSettings.model_validate(
        {"stack": "prod", "services": {"symbols": ["SPY", "QQQ"], "dataLines": 180, "linesPerSymbol": 80}}
    )
    told = detector_values(settings)
    taken = int(told[Env.DATA_LINES]) - int(told[Env.RESERVED_LINES])
    assert taken * 2 + settings.services.reserved_lines <= settings.services.data_lines
    assert shared_values(settings)[Env.SYMBOL] == "SPY"


def test_sqlite_stays_below_its_volume() -> None:
    gibibytes = settings_of("local").volumes.cache_gi
    assert int(values_of("local", "backend-config")["STORE_BYTES_MAX"]) < gibibytes * 2**30 * 0.8


def test_people_and_publishers_sign_in_by_entra_where_there_is_azure_and_at_the_backend_where_there_is_none() -> None:
    prod, local = values_of("prod", "backend-config"), values_of("local", "backend-config")
    assert (prod["LOGIN"], local["LOGIN"]) == ("entra", "local")
    assert prod["AUTH_ISSUER"] == "https://login.microsoftonline.com/<setting:azure.tenantId>/v2.0"
    assert not {"AUTH_ISSUER", "AUTH_JWKS_URL"} & set(local)


def test_a_forwarded_port_gives_a_token_for_simulated_quotes_only() -> None:
    assert values_of("local", "backend-config")["PUBLISHED_ON_LOOPBACK"] == "true"
    real = StackSettings.model_validate({"stack": "prod", "cluster": {"identity": "keys"}})
    assert "PUBLISHED_ON_LOOPBACK" not in values_of(real, "backend-config") | values_of("dev", "backend-config")


def test_the_backend_shows_its_metrics_to_pods_and_to_itself() -> None:
    assert values_of("prod", "backend-config")["METRICS_NETWORKS"] == "10.42.0.0/16,127.0.0.0/8"
