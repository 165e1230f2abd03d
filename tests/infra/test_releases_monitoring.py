"""Monitoring is installed whole or not at all, at a pinned version, keeps what it may, and tells secrets to nobody."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import SecretStr

from infra.cluster.objects import App
from infra.plan import Plan, Secret
from infra.policies.secrets_in_plain import is_secret
from infra.releases.alert_routes import alertmanager_config
from infra.releases.monitoring_values import retention_size
from infra.releases.targets import TARGETS
from stacks.naming import Names
from stacks.pins import MONITORING, chart_version
from stacks.settings import StackSettings
from tests.infra.cluster_parts import manifest, objects
from tests.infra.order import made_before
from tests.infra.recording import STACKS, inputs_of, recorded, settings_of
from tests.infra.releases_part import released, with_

RELEASE = "kubernetes:helm.sh/v3:Release"
MONITOR = "monitoring.coreos.com/v1:ServiceMonitor"
UNITS = {"MB": 2**20}


def release(plan: Plan) -> dict[str, Any]:
    """The Helm release of a plan."""
    return inputs_of(plan, RELEASE, "prometheus")


def values(stack: str = "prod") -> dict[str, Any]:
    """What the chart is told."""
    told: dict[str, Any] = release(released(stack))["values"]
    return told


def strings(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Every text within, with the key it stands under."""
    if isinstance(value, dict):
        return [found for key, each in value.items() for found in strings(each, key)]
    if isinstance(value, list):
        return [found for each in value for found in strings(each, name)]
    return [(name, value)] if isinstance(value, str) else []


def test_the_chart_is_pinned_and_comes_from_the_stack_s_repository() -> None:
    settings = with_("prod", "upstream", charts="https://charts.example.org")
    found = release(released(settings))
    assert (found["name"], found["namespace"], found["chart"]) == ("prometheus", "monitoring", MONITORING)
    assert found["version"] == chart_version(MONITORING)
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["version"])
    assert found["repositoryOpts"] == {"repo": "https://charts.example.org"}


def test_it_is_waited_for_and_taken_back_whole_when_it_does_not_start() -> None:
    found = release(released("prod"))
    assert (found["atomic"], found["cleanupOnFail"]) == (True, True)
    assert not found.get("skipAwait")
    assert found["timeout"] >= 600
    assert found["maxHistory"] > 1


def test_prometheus_keeps_fifteen_days_or_nine_tenths_of_its_volume_and_is_reached_from_inside_only() -> None:
    prometheus = values()["prometheus"]
    spec = prometheus["prometheusSpec"]
    assert (spec["retention"], spec["scrapeInterval"]) == ("15d", "15s")
    volume = spec["storageSpec"]["volumeClaimTemplate"]["spec"]
    assert volume["resources"]["requests"]["storage"] == "20Gi"
    assert spec["retentionSize"] == "18432MB"  # 18 GiB: Prometheus counts by 1024
    assert prometheus["service"]["type"] == "ClusterIP"


@pytest.mark.parametrize("gibibytes", [1, 7, 20, 10_000])
def test_its_size_limit_is_below_its_volume_whatever_that_is(gibibytes: int) -> None:
    number, unit = re.fullmatch(r"(\d+)(\w+)", retention_size(gibibytes)).groups()  # type: ignore[union-attr]
    assert 0.89 < int(number) * UNITS[unit] / (gibibytes * 2**30) <= 0.9


def test_it_asks_what_every_stack_declares_and_not_only_its_own() -> None:
    spec = values()["prometheus"]["prometheusSpec"]
    selectors = [key for key in spec if key.endswith("SelectorNilUsesHelmValues")]
    assert {"serviceMonitorSelectorNilUsesHelmValues", "ruleSelectorNilUsesHelmValues"} <= set(selectors)
    assert not any(spec[key] for key in selectors)
    assert values()["grafana"]["sidecar"]["dashboards"] == {
        "enabled": True,
        "label": "grafana_dashboard",
        "labelValue": "1",
        "searchNamespace": "ALL",
    }


def test_what_k3s_does_not_serve_is_not_asked() -> None:
    parts = ("kubeControllerManager", "kubeScheduler", "kubeProxy", "kubeEtcd")
    assert [values()[part] for part in parts] == [{"enabled": False}] * 4


def test_grafana_is_the_one_open_port_and_takes_its_password_from_a_secret_of_ours() -> None:
    plan = released(with_("prod", "releases", grafana_node_port=30123))
    grafana = release(plan)["values"]["grafana"]
    assert grafana["service"] == {"type": "NodePort", "nodePort": 30123}
    admin = grafana["admin"]
    kept = manifest(plan, "core/v1:Secret", admin["existingSecret"])
    assert kept["metadata"]["namespace"] == "monitoring"
    assert {admin["userKey"], admin["passwordKey"]} == set(kept["stringData"])
    assert kept["stringData"][admin["userKey"]] == "admin"
    assert json.dumps(release(plan)["values"]).count('"nodePort"') == 1
    assert (grafana["persistence"]["size"], grafana["grafana.ini"]["users"]["default_theme"]) == ("10Gi", "light")


def test_the_values_hold_no_secret() -> None:
    for stack in ("local", "prod"):
        raw = released(stack).named(RELEASE, "prometheus").inputs["values"]
        assert not isinstance(raw, Secret)
        assert [found for found in strings(raw) if is_secret(*found) and found[0] not in NAMES_OF_SECRETS] == []


NAMES_OF_SECRETS = {"existingSecret", "passwordKey"}


def test_one_page_is_fetched_from_outside_and_it_is_the_node_s() -> None:
    (fetched,) = values()["grafana"]["dashboards"]["default"].values()
    assert fetched["gnetId"] == 1860


def test_its_volumes_are_of_the_class_that_the_setting_names() -> None:
    told = values()
    claims = [
        told["prometheus"]["prometheusSpec"]["storageSpec"]["volumeClaimTemplate"]["spec"],
        told["alertmanager"]["alertmanagerSpec"]["storage"]["volumeClaimTemplate"]["spec"],
        told["grafana"]["persistence"],
    ]
    assert [claim["storageClassName"] for claim in claims] == ["local-path"] * 3
    assert claims[1]["resources"]["requests"]["storage"] == "5Gi"
    other = release(released(with_("prod", "releases", storage_class="fast")))["values"]
    assert [value for key, value in strings(other) if key == "storageClassName"] == ["fast"] * 3


def test_the_watchdog_goes_to_nobody_and_what_is_critical_goes_apart() -> None:
    config = alertmanager_config(settings_of("prod"))
    receivers = {one["name"] for one in config["receivers"]}
    watchdog, critical = config["route"]["routes"]
    assert (watchdog["receiver"], watchdog["matchers"]) == ("null", ['alertname =~ "Watchdog|InfoInhibitor"'])
    assert critical["matchers"] == ['severity = "critical"']
    assert {config["route"]["receiver"], watchdog["receiver"], critical["receiver"]} == receivers
    first = config["inhibit_rules"][0]
    assert first["source_matchers"] == ['severity = "critical"']
    assert first["target_matchers"] == ['severity =~ "warning|info"']


def told(stack: str = "prod") -> StackSettings:
    """A stack whose alerts go out by Telegram and by mail."""
    told_by_mail = with_(
        stack, "notifications", telegram_chat=-100123, mail_server="mail.example.org:587", mail_user="bot@example.org"
    )
    secrets = {"telegram_token": SecretStr("the-token"), "mail_password": SecretStr("the-password")}
    alerts = told_by_mail.alerts.model_copy(update={"contacts": ("me@example.org", "you@example.org")})
    return told_by_mail.model_copy(update={"alerts": alerts, **secrets})


def test_alerts_go_out_by_telegram_and_mail_with_passwords_from_mounted_files() -> None:
    plan = released(told())
    alertmanager = release(plan)["values"]["alertmanager"]
    mounted = "/etc/alertmanager/secrets/alert-receivers"
    for receiver in alertmanager["config"]["receivers"][1:]:
        (telegram,), (mail,) = receiver["telegram_configs"], receiver["email_configs"]
        assert (telegram["chat_id"], telegram["bot_token_file"]) == (-100123, f"{mounted}/telegram-token")
        assert (mail["to"], mail["from"]) == ("me@example.org, you@example.org", "bot@example.org")
        assert (mail["smarthost"], mail["auth_password_file"]) == ("mail.example.org:587", f"{mounted}/mail-password")
    assert alertmanager["alertmanagerSpec"]["secrets"] == ["alert-receivers"]
    kept = manifest(plan, "core/v1:Secret", "alert-receivers")
    assert kept["metadata"]["namespace"] == "monitoring"
    assert kept["stringData"] == {"telegram-token": "the-token", "mail-password": "the-password"}
    assert "the-" not in json.dumps(release(plan)["values"])


def test_without_an_address_nobody_is_told_and_no_secret_is_made() -> None:
    alertmanager = values()["alertmanager"]
    assert alertmanager["config"]["receivers"] == [{"name": "null"}, {"name": "urgent"}, {"name": "notices"}]
    assert alertmanager["alertmanagerSpec"]["secrets"] == []
    assert "alert-receivers" not in objects(released("prod"), "core/v1:Secret")


@pytest.mark.parametrize("stack", STACKS)
def test_the_services_are_watched_from_the_stack_s_own_namespace(stack: str) -> None:
    plan = released(stack)
    namespace = Names(settings_of(stack)).namespace
    assert set(objects(plan, MONITOR)) == {"backend-monitor", "detector-monitor", "bot-monitor"}
    for name, app, port in (
        ("backend-monitor", App.BACKEND, "http"),
        ("detector-monitor", App.DETECTOR, "metrics"),
        ("bot-monitor", App.BOT, "http"),
    ):
        monitor = manifest(plan, MONITOR, name)
        assert monitor["metadata"]["namespace"] == namespace
        assert monitor["metadata"]["labels"]["release"] == "prometheus"
        assert monitor["spec"] == {
            "selector": {"matchLabels": {"app": app}},
            "endpoints": [
                {
                    "port": port,
                    "path": "/metrics",
                    "interval": "15s",
                    "scrapeTimeout": "10s",
                    "relabelings": [{"action": "labeldrop", "regex": "endpoint"}],
                }
            ],
        }


@pytest.mark.parametrize("stack", STACKS)
def test_each_monitor_finds_a_service_of_that_name_label_and_port(stack: str) -> None:
    for target in TARGETS:
        service = manifest(recorded(stack), "core/v1:Service", target.service)
        assert service["metadata"]["labels"]["app"] == target.app
        assert target.port in [port["name"] for port in service["spec"]["ports"]]


def test_monitors_and_rules_wait_for_the_release_that_brings_their_definitions() -> None:
    plan = released("prod")
    for kind in (MONITOR, "monitoring.coreos.com/v1:PrometheusRule"):
        for one in objects(plan, kind).values():
            assert "Release prometheus" in made_before(plan, one)


def test_a_stack_that_leaves_the_monitoring_to_another_installs_none() -> None:
    plan = released("dev")
    assert not plan.of_type(RELEASE)
    assert "grafana-admin" not in objects(plan, "core/v1:Secret")
    assert "monitoring" not in objects(plan, "core/v1:Namespace")


def test_the_namespace_lets_in_what_mounts_folders_of_the_node() -> None:
    labels = manifest(released("prod"), "core/v1:Namespace", "monitoring")["metadata"]["labels"]
    levels = {labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "warn", "audit")}
    assert levels == {"privileged"}
    assert (labels["name"], labels["environment"]) == ("monitoring", "production")


def test_the_releases_have_no_resource_in_an_earlier_layer_and_no_layer_waits_for_them() -> None:
    plan = recorded("prod")
    theirs = {urn for urn in plan.resources if "spy:layer:Releases" in urn}
    for urn, one in plan.resources.items():
        if urn not in theirs:
            assert not theirs & set(one.dependencies), one.name
