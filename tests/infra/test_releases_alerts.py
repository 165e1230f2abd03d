"""Alerts are PromQL over metrics that exist, of their own stack only, silent when nothing is wrong, and explained."""

from __future__ import annotations

import re

import pytest

from apps.contracts.names import Metric
from infra.cluster.objects import App, Service
from infra.releases.alert_rules import spec
from infra.releases.operator import Alert, Level
from infra.releases.promql import Series, risen
from stacks.naming import Names
from stacks.settings import StackSettings
from tests.infra.expressions import Selected, grouping_labels, selectors
from tests.infra.recording import ROOT, STACKS, inputs_of, settings_of
from tests.infra.releases_part import released, with_

RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"

OF_KUBERNETES = {
    "up",
    "container_cpu_cfs_periods_total",
    "container_cpu_cfs_throttled_periods_total",
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
    "kube_cronjob_status_last_schedule_time",
    "kube_cronjob_status_last_successful_time",
    "kube_deployment_spec_replicas",
    "kube_deployment_status_replicas_ready",
    "kube_pod_container_resource_limits",
    "kube_pod_container_status_restarts_total",
    "kube_statefulset_status_replicas_ready",
    "kubelet_volume_stats_available_bytes",
    "kubelet_volume_stats_capacity_bytes",
}
"""Of Prometheus itself, cAdvisor, kube-state-metrics and the kubelet: what an expression may ask for besides ours."""

OURS = {value for name, value in vars(Metric).items() if not name.startswith("_")}
JOBS = {Service.BACKEND, Service.DETECTOR, Service.BOT}


def alerts(settings: StackSettings) -> dict[str, Alert]:
    """The alerts of a stack by name."""
    groups = spec(settings, Names(settings).namespace).groups
    return {alert.name: alert for group in groups.values() for alert in group}


def with_secret_ending(stack: str, day: str) -> StackSettings:
    """A committed stack whose forwarder's secret ends on a day."""
    return with_(stack, "logs", forwarder_expires=day)


def every_alert() -> list[Alert]:
    """Every alert that any stack can have."""
    return list(alerts(with_secret_ending("prod", "2027-05-20")).values())


def base(metric: str) -> str:
    """A metric as the contracts name it: a histogram's series bear an ending."""
    return re.sub(r"_(bucket|sum|count)$", "", metric)


def is_of(namespace: str, selected: Selected) -> bool:
    """Whether a selector asks for this namespace alone."""
    return any(label == "namespace" and value == namespace for label, _, value in selected.matchers)


@pytest.mark.parametrize("stack", STACKS)
def test_every_expression_asks_for_metrics_that_are_exported_and_for_its_own_stack(stack: str) -> None:
    settings = with_secret_ending(stack, "2027-05-20")
    for alert in alerts(settings).values():
        for selected in selectors(alert.expression):
            assert base(selected.metric) in OURS | OF_KUBERNETES, alert.name
            assert is_of(Names(settings).namespace, selected), alert.name


def test_jobs_are_the_services_names_as_the_monitors_make_them() -> None:
    found = [
        value
        for alert in every_alert()
        for selected in selectors(alert.expression)
        for label, _, value in selected.matchers
        if label == "job"
    ]
    assert set(found) == JOBS


def test_a_service_that_is_gone_altogether_is_told_and_not_only_one_that_does_not_answer() -> None:
    down = alerts(settings_of("prod"))["BackendDown"]
    assert 'absent(up{namespace="spy-options-bot", job="backend-service"})' in down.expression
    assert "== 0 or" in down.expression


@pytest.mark.parametrize("name", ["IBKRDisconnected", "DataStale", "SpoolGrowing"])
def test_a_standby_whose_gauges_stand_still_raises_nothing(name: str) -> None:
    expression = alerts(settings_of("prod"))[name].expression
    assert Metric.LEADER in [selected.metric for selected in selectors(expression)]
    assert {"namespace", "pod"} <= grouping_labels(expression)


def test_a_closed_market_silences_the_lost_connection() -> None:
    expression = alerts(settings_of("prod"))["IBKRDisconnected"].expression
    closed = Selected(
        Metric.DATA_STATE,
        frozenset(
            {
                ("namespace", "MatchOp.Equal", "spy-options-bot"),
                ("job", "MatchOp.Equal", Service.DETECTOR),
                ("state", "MatchOp.Equal", "closed"),
            }
        ),
    )
    assert closed in selectors(expression)
    assert " unless on (namespace, pod) data_state" in expression


def test_a_bot_of_no_replicas_is_no_bot_that_is_down() -> None:
    expression = alerts(settings_of("prod"))["TradingBotDown"].expression
    wanted, answering = selectors(expression)
    assert wanted.metric == "kube_deployment_spec_replicas"
    assert ("deployment", "MatchOp.Equal", App.BOT) in wanted.matchers
    assert f"{wanted.metric}{{" in expression.partition("> 0 unless")[0]
    assert answering.metric == "up"


def test_the_first_count_of_a_counter_is_seen() -> None:
    series = Series("somewhere").detector(Metric.SPOOL_ERRORS)
    assert f"{series} unless {series} offset 10m" in risen(series, "10m")


def test_the_sources_alerts_keep_their_thresholds_and_times() -> None:
    found = alerts(settings_of("prod"))
    wanted = {
        "TradingBotDown": ("2m", Level.CRITICAL),
        "HighSignalLatency": ("5m", Level.WARNING),
        "IBKRDisconnected": ("1m", Level.CRITICAL),
        "HighMemoryUsage": ("5m", Level.WARNING),
    }
    assert {name: (found[name].lasting, found[name].level) for name in wanted} == wanted
    assert found["HighSignalLatency"].expression.endswith("> 0.5")
    assert found["HighMemoryUsage"].expression.endswith("> 0.9")


def test_only_a_stack_with_gateways_watches_their_logins_and_their_weekend() -> None:
    of_gateways = {"GatewayRestarting", "CronJobFailed"}
    assert of_gateways <= set(alerts(settings_of("prod")))
    assert not of_gateways & set(alerts(settings_of("dev")))


def test_a_gateway_s_restarts_are_told_once() -> None:
    found = alerts(settings_of("prod"))
    (others,), (theirs,) = (selectors(found[name].expression) for name in ("ContainerRestarting", "GatewayRestarting"))
    gateways = "ibkr-gateway|ibkr-gateway-paper"
    assert ("container", "MatchOp.NotRe", gateways) in others.matchers
    assert ("container", "MatchOp.Re", gateways) in theirs.matchers


def test_the_forwarder_s_secret_is_told_two_weeks_before_its_day() -> None:
    ending = alerts(with_secret_ending("prod", "2027-05-20"))["LogSecretEnding"]
    assert ending.expression == "vector(time()) > 1809561600"  # 6 May 2027, midnight UTC
    assert "2027-05-20" in ending.summary
    assert "LogSecretEnding" not in alerts(settings_of("prod"))
    assert "LogSecretEnding" not in alerts(with_secret_ending("local", "2027-05-20"))


def test_every_alert_says_what_it_means_and_has_its_section_in_the_runbook() -> None:
    sections = re.findall(r"^### (\w+)$", (ROOT / "docs" / "monitoring.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(alert.name for alert in every_alert()) == sorted(sections)
    for alert in every_alert():
        assert alert.runbook == f"docs/monitoring.md#{alert.name.lower()}"
        assert alert.summary
        assert alert.description.endswith(".")


@pytest.mark.parametrize("stack", STACKS)
def test_the_rule_lies_in_the_stack_s_own_namespace_under_the_label_of_the_release(stack: str) -> None:
    rule = inputs_of(released(stack), RULE, "alerts")
    metadata = rule["metadata"]
    assert metadata["namespace"] == Names(settings_of(stack)).namespace
    assert metadata["labels"]["release"] == "prometheus"
    assert rule["spec"] == spec(settings_of(stack), metadata["namespace"]).spec
