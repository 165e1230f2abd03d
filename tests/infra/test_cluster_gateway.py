"""The broker's gateways: one login each, asked in the API's own words, waited for by nobody."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from infra.cluster.handshake import handshake
from infra.policies import RULES
from infra.policies.exceptions import EXEMPTIONS
from infra.policies.plans import subject, violations
from tests.infra.cluster_parts import manifest, objects
from tests.infra.recording import STACKS
from tests.infra.workload_parts import (
    KINDS,
    SERVICE,
    STATEFUL_SET,
    changed,
    container,
    pod,
    template,
    variables,
    workloads,
)

LIVE, PAPER = "ibkr-gateway", "ibkr-gateway-paper"


def logins(name: str, plan: Any) -> dict[str, tuple[str, str]]:
    """Secret and key of each variable that comes from a Secret."""
    env = container(plan, STATEFUL_SET, name)["env"]
    keys = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in env if "valueFrom" in each}
    return {name: (key["name"], key["key"]) for name, key in keys.items()}


@pytest.mark.parametrize(
    ("name", "port", "mode", "read_only", "secret"),
    [
        (LIVE, 4003, "live", "yes", "ibkr-credentials"),
        (PAPER, 4004, "paper", "no", "ibkr-paper-credentials"),
    ],
)
def test_the_live_login_reads_and_the_paper_login_trades(
    name: str, port: int, mode: str, read_only: str, secret: str
) -> None:
    plan = workloads("prod")
    one = container(plan, STATEFUL_SET, name)
    told = variables(one)
    assert (told["TRADING_MODE"], told["READ_ONLY_API"]) == (mode, read_only)
    assert [each["containerPort"] for each in one["ports"]] == [port]
    assert logins(name, plan) == {"TWS_USERID": (secret, "IBKR_USERNAME"), "TWS_PASSWORD": (secret, "IBKR_PASSWORD")}
    assert list(template(plan, STATEFUL_SET, name)["metadata"]["annotations"]) == [f"spy-options/{secret}"]


def test_nobody_can_look_over_a_gateways_shoulder() -> None:
    plan = workloads("prod")
    for name in (LIVE, PAPER):
        assert not {key for key in variables(container(plan, STATEFUL_SET, name)) if "VNC" in key}
        assert 5900 not in [each["containerPort"] for each in container(plan, STATEFUL_SET, name)["ports"]]
        assert manifest(plan, SERVICE, f"{name}-service")["spec"]["type"] == "ClusterIP"


@pytest.mark.parametrize("stack", STACKS)
def test_only_gateways_read_a_brokers_login(stack: str) -> None:
    plan = workloads(stack)
    readers = {
        name
        for kind in KINDS
        for name in objects(plan, kind)
        if any(secret in str(manifest(plan, kind, name)) for secret in ("ibkr-credentials", "ibkr-paper-credentials"))
    }
    assert readers == ({LIVE, PAPER} if stack == "prod" else set())


def test_with_one_account_one_gateway_serves_both_under_the_name_that_the_services_are_told() -> None:
    plan = workloads(changed("prod", cluster={"gateway": "paper"}))
    assert set(objects(plan, STATEFUL_SET)) == {PAPER}
    told = manifest(plan, "core/v1:ConfigMap", "bot-config")["data"]
    assert told["IBKR_HOST"] in objects(plan, SERVICE)
    spec = manifest(plan, SERVICE, told["IBKR_HOST"])["spec"]
    assert spec["selector"] == {"app": PAPER}
    assert [str(each["port"]) for each in spec["ports"]] == [told["IBKR_PORT"]]


@pytest.mark.parametrize("stack", ["dev", "local"])
def test_a_stack_with_the_simulator_has_no_gateway(stack: str) -> None:
    assert objects(workloads(stack), STATEFUL_SET) == {}


def test_each_probe_speaks_the_apis_greeting_and_a_login_may_take_as_long_as_the_settings_say() -> None:
    plan = workloads(changed("prod", gateway={"startMinutes": 15}))
    for name, port in ((LIVE, 4003), (PAPER, 4004)):
        one = container(plan, STATEFUL_SET, name)
        for probe in ("startup", "liveness", "readiness"):
            assert one[f"{probe}Probe"]["exec"]["command"] == handshake(port)
        for probe in ("startup", "liveness"):
            given = one[f"{probe}Probe"]
            assert given["periodSeconds"] * given["failureThreshold"] == 15 * 60


def test_a_logged_out_gateway_holds_up_no_update_and_can_itself_be_put_right() -> None:
    plan = workloads("prod")
    for name in (LIVE, PAPER):
        declared = manifest(plan, STATEFUL_SET, name)
        assert declared["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}
        assert declared["spec"]["podManagementPolicy"] == "Parallel"


def test_a_gateway_that_the_weekend_scaled_down_is_not_scaled_up_by_an_update() -> None:
    plan = workloads("prod")
    for name in (LIVE, PAPER):
        assert manifest(plan, STATEFUL_SET, name)["spec"]["replicas"] == 1
        assert objects(plan, STATEFUL_SET)[name].ignore_changes == ("spec.replicas",)


def test_a_gateways_settings_outlive_its_pod() -> None:
    plan = workloads(changed("prod", gateway={"settingsGi": 3, "storageClass": "another"}))
    declared = manifest(plan, STATEFUL_SET, LIVE)["spec"]
    (claim,) = declared["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "another"
    assert claim["spec"]["resources"] == {"requests": {"storage": "3Gi"}}
    (mount,) = container(plan, STATEFUL_SET, LIVE)["volumeMounts"]
    assert (mount["name"], mount["mountPath"]) == (
        claim["metadata"]["name"],
        variables(container(plan, STATEFUL_SET, LIVE))["TWS_SETTINGS_PATH"],
    )
    assert declared["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}


def test_a_gateways_settings_are_saved_at_an_interval_and_not_at_a_yes() -> None:
    """Times, or `Every n mins|hours`, are all that the program in the image takes."""
    plan = workloads("prod")
    for name in (LIVE, PAPER):
        assert re.fullmatch(
            r"Every \d+ (mins|hours)", variables(container(plan, STATEFUL_SET, name))["SAVE_TWS_SETTINGS"]
        )


def test_a_second_factors_device_is_named_where_there_are_several() -> None:
    assert "TWOFA_DEVICE" not in variables(container(workloads("prod"), STATEFUL_SET, LIVE))
    named = workloads(changed("prod", gateway={"secondFactor": "IB Key"}))
    assert variables(container(named, STATEFUL_SET, LIVE))["TWOFA_DEVICE"] == "IB Key"


def test_the_daily_restart_is_in_the_exchanges_time() -> None:
    told = variables(container(workloads("prod"), STATEFUL_SET, LIVE))
    assert (told["AUTO_RESTART_TIME"], told["TIME_ZONE"], told["TZ"]) == (
        "11:59 PM",
        "America/New_York",
        "America/New_York",
    )


def test_the_image_is_the_pinned_one_by_digest_and_needs_no_password_of_ours() -> None:
    plan = workloads("prod")
    for name in (LIVE, PAPER):
        host, _, rest = container(plan, STATEFUL_SET, name)["image"].rpartition("/gnzsnz/")
        assert host
        assert rest.startswith("ib-gateway@")
        assert "imagePullSecrets" not in pod(plan, STATEFUL_SET, name)


def test_the_rules_let_the_gateways_past_by_name_and_nothing_else() -> None:
    plan = workloads("prod")
    exempt = {each.rule for each in EXEMPTIONS if each.name in {LIVE, PAPER}}
    assert exempt == {"container-read-only", "container-probes"}
    assert violations(plan) == []
    one = subject(objects(plan, STATEFUL_SET)[LIVE])
    another = replace(one, name="another", inputs={**one.inputs, "metadata": {"name": "another"}})
    assert {rule.name for rule in RULES if rule.violations(another)} == exempt
