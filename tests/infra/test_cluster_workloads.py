"""What runs in the cluster: how many, from what, with which rights, and what of it a person can rely on."""

from __future__ import annotations

from typing import Any

import pytest

from infra.cloud.identity import AUDIENCE, SERVICE_ACCOUNTS
from infra.plan import Plan
from infra.policies.plans import violations
from tests.infra.cluster_parts import manifest, objects
from tests.infra.order import made_before
from tests.infra.recording import STACKS
from tests.infra.workload_parts import (
    BUDGET,
    DEPLOYMENT,
    KINDS,
    SERVICE,
    changed,
    container,
    pod,
    read_by,
    template,
    tokens,
    variables,
    workloads,
)

OURS = ("backend", "detector", "trading-bot")


def every(plan: Plan) -> list[tuple[str, str]]:
    """Kind and name of each workload."""
    return [(kind, name) for kind in KINDS for name in objects(plan, kind)]


def replicas(plan: Plan) -> dict[str, int]:
    return {name: manifest(plan, DEPLOYMENT, name)["spec"]["replicas"] for name in objects(plan, DEPLOYMENT)}


def places(plan: Plan, name: str) -> dict[str, str]:
    """Claims that a Deployment mounts, by where."""
    claims = {
        volume["name"]: volume["persistentVolumeClaim"]["claimName"]
        for volume in pod(plan, DEPLOYMENT, name)["volumes"]
        if "persistentVolumeClaim" in volume
    }
    mounts = container(plan, DEPLOYMENT, name)["volumeMounts"]
    return {
        each["mountPath"] + (" to read" if each.get("readOnly") else ""): claims[each["name"]]
        for each in mounts
        if each["name"] in claims
    }


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        ("prod", {"detector": 3, "backend": 2, "trading-bot": 0}),
        ("dev", {"detector": 1, "backend": 1, "trading-bot": 0, "simulator": 1}),
        ("local", {"detector": 1, "backend": 1, "trading-bot": 1, "simulator": 1}),
    ],
)
def test_each_stack_runs_as_many_of_each_service_as_was_asked_for(stack: str, expected: dict[str, int]) -> None:
    assert replicas(workloads(stack)) == expected


@pytest.mark.parametrize("stack", STACKS)
def test_no_workload_breaks_a_rule(stack: str) -> None:
    assert violations(workloads(stack)) == []


@pytest.mark.parametrize("stack", STACKS)
def test_every_pod_is_restricted_and_mounts_no_token_by_itself(stack: str) -> None:
    plan = workloads(stack)
    for kind, name in every(plan):
        spec = pod(plan, kind, name)
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
        of_pod = spec["securityContext"]
        assert (of_pod["runAsUser"], of_pod["fsGroup"], of_pod["runAsNonRoot"]) == (1000, 1000, True)
        assert of_pod["seccompProfile"] == {"type": "RuntimeDefault"}
        for each in spec["containers"]:
            own = each["securityContext"]
            assert own["allowPrivilegeEscalation"] is False
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert own["readOnlyRootFilesystem"] is not kind.endswith("StatefulSet")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("detector", ("250m", "512Mi", "500m", "1Gi")),
        ("backend", ("250m", "256Mi", "500m", "512Mi")),
        ("trading-bot", ("250m", "256Mi", "500m", "512Mi")),
    ],
)
def test_prod_gives_each_service_the_resources_of_the_requirements(name: str, expected: tuple[str, ...]) -> None:
    given = container(workloads("prod"), DEPLOYMENT, name)["resources"]
    found = [given[side][what] for side in ("requests", "limits") for what in ("cpu", "memory")]
    assert tuple(found) == expected


def test_dev_gives_half() -> None:
    given = container(workloads("dev"), DEPLOYMENT, "detector")["resources"]
    assert given == {"requests": {"cpu": "125m", "memory": "256Mi"}, "limits": {"cpu": "250m", "memory": "512Mi"}}


@pytest.mark.parametrize(
    ("name", "port", "ready", "delays"),
    [
        ("detector", "metrics", "/ready", (30, 5)),
        ("backend", "http", "/ready", (30, 5)),
        ("trading-bot", "http", "/ready", (30, 10)),
        ("simulator", "control", "/health", (30, 5)),
    ],
)
def test_every_service_is_asked_over_its_own_http(name: str, port: str, ready: str, delays: tuple[int, int]) -> None:
    one = container(workloads("local"), DEPLOYMENT, name)
    assert port in {each["name"] for each in one["ports"]}
    asked = {probe: one[f"{probe}Probe"]["httpGet"] for probe in ("startup", "liveness", "readiness")}
    assert asked == {
        "startup": {"path": "/health", "port": port},
        "liveness": {"path": "/health", "port": port},
        "readiness": {"path": ready, "port": port},
    }
    assert (one["livenessProbe"]["initialDelaySeconds"], one["readinessProbe"]["initialDelaySeconds"]) == delays
    assert one["startupProbe"]["periodSeconds"] * one["startupProbe"]["failureThreshold"] == 60


@pytest.mark.parametrize("stack", STACKS)
def test_pods_are_made_anew_by_a_change_of_exactly_what_they_read(stack: str) -> None:
    plan = workloads(stack)
    for name in objects(plan, DEPLOYMENT):
        noted = template(plan, DEPLOYMENT, name)["metadata"].get("annotations") or {}
        read = read_by(container(plan, DEPLOYMENT, name))
        assert {key.removeprefix("spy-options/") for key in noted} == set(read)
        assert all(len(value) == 64 for value in noted.values())


def test_what_is_shared_is_read_first_then_the_own_then_credentials() -> None:
    plan = workloads(changed("prod", cluster={"identity": "keys"}))
    assert read_by(container(plan, DEPLOYMENT, "backend")) == [
        "bot-config",
        "backend-config",
        "azure-credentials",
        "publisher-credentials",
    ]


def test_in_prod_the_three_services_sign_in_to_azure_each_as_its_own_identity() -> None:
    plan = workloads("prod")
    for role, name in SERVICE_ACCOUNTS.items():
        told = variables(container(plan, DEPLOYMENT, name))
        assert told["AZURE_CLIENT_ID"] == f"the {role}_client_id"
        assert AUDIENCE in tokens(plan, DEPLOYMENT, name)
        (place,) = [
            each["mountPath"]
            for each in container(plan, DEPLOYMENT, name)["volumeMounts"]
            if each["name"] == "azure-token"
        ]
        assert told["AZURE_FEDERATED_TOKEN_FILE"] == f"{place}/token"
        assert told["AZURE_AUTHORITY_HOST"].startswith("https://")
        assert pod(plan, DEPLOYMENT, name)["serviceAccountName"] == name


@pytest.mark.parametrize("settings", ["local", changed("prod", cluster={"identity": "keys"})], ids=["local", "keys"])
def test_without_federation_there_is_no_token_for_azure(settings: Any) -> None:
    plan = workloads(settings)
    for name in OURS:
        assert AUDIENCE not in tokens(plan, DEPLOYMENT, name)
        assert not {key for key in variables(container(plan, DEPLOYMENT, name)) if key.startswith("AZURE_")}


@pytest.mark.parametrize("stack", STACKS)
def test_only_the_detector_and_the_schedule_have_a_token_for_the_api_server(stack: str) -> None:
    plan = workloads(stack)
    with_one = {
        pod(plan, kind, name)["serviceAccountName"]
        for kind, name in every(plan)
        if not kind.endswith("StatefulSet") and "" in tokens(plan, kind, name)
    }
    assert with_one == ({"detector", "ibkr-scaler"} if stack == "prod" else {"detector"})


def test_every_pod_of_ours_knows_its_name_and_namespace() -> None:
    for name in OURS:
        env = container(workloads("prod"), DEPLOYMENT, name)["env"]
        fields = {each["name"]: each["valueFrom"]["fieldRef"]["fieldPath"] for each in env if "valueFrom" in each}
        assert fields == {"POD_NAME": "metadata.name", "NAMESPACE": "metadata.namespace"}


@pytest.mark.parametrize(
    ("stack", "name", "strategy", "drained"),
    [
        ("prod", "detector", "RollingUpdate", False),
        ("prod", "backend", "RollingUpdate", True),
        ("local", "backend", "Recreate", True),
        ("prod", "trading-bot", "Recreate", False),
        ("local", "simulator", "Recreate", False),
    ],
)
def test_an_update_adds_before_it_takes_unless_two_must_never_be(
    stack: str, name: str, strategy: str, drained: bool
) -> None:
    plan = workloads(stack)
    given = manifest(plan, DEPLOYMENT, name)["spec"]["strategy"]
    assert given["type"] == strategy
    if strategy == "RollingUpdate":
        assert given["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    pause = container(plan, DEPLOYMENT, name).get("lifecycle")
    assert pause == ({"preStop": {"sleep": {"seconds": 5}}} if drained else None)
    assert pod(plan, DEPLOYMENT, name)["terminationGracePeriodSeconds"] == 30


@pytest.mark.parametrize("stack", STACKS)
def test_how_many_bots_there_are_is_not_undone_by_an_update(stack: str) -> None:
    found = objects(workloads(stack), DEPLOYMENT)
    assert {name for name, one in found.items() if one.ignore_changes} == {"trading-bot"}
    assert found["trading-bot"].ignore_changes == ("spec.replicas",)


def test_each_service_mounts_the_volume_it_writes_and_the_bot_only_reads_the_spool() -> None:
    plan = workloads("prod")
    assert places(plan, "detector") == {"/app/data": "pvc-database"}
    assert places(plan, "backend") == {"/app/cache": "pvc-cache"}
    assert places(plan, "trading-bot") == {"/app/data to read": "pvc-database", "/app/logs": "pvc-logs"}
    assert places(workloads("local"), "simulator") == {}


@pytest.mark.parametrize("stack", STACKS)
def test_what_writes_elsewhere_has_a_small_folder_of_its_own(stack: str) -> None:
    plan = workloads(stack)
    for name in objects(plan, DEPLOYMENT):
        (scratch,) = [one for one in pod(plan, DEPLOYMENT, name)["volumes"] if "emptyDir" in one]
        assert scratch["emptyDir"]["sizeLimit"] == "64Mi"
        assert {"name": scratch["name"], "mountPath": "/tmp"} in container(plan, DEPLOYMENT, name)["volumeMounts"]  # noqa: S108


@pytest.mark.parametrize(
    ("stack", "brokers"),
    [
        ("prod", {"ibkr-gateway-service": {"api": 4003}, "ibkr-gateway-paper-service": {"api": 4004}}),
        ("dev", {"simulator-service": {"api": 4003, "control": 4013}}),
        ("local", {"simulator-service": {"api": 4003, "control": 4013}}),
    ],
)
def test_there_are_the_services_of_the_requirements_and_no_others(
    stack: str, brokers: dict[str, dict[str, int]]
) -> None:
    plan = workloads(stack)
    found = {}
    for name in objects(plan, SERVICE):
        spec = manifest(plan, SERVICE, name)["spec"]
        assert spec["type"] == "ClusterIP"
        assert manifest(plan, SERVICE, name)["metadata"]["labels"]["app"] == spec["selector"]["app"]
        found[name] = {each["name"]: each["port"] for each in spec["ports"]}
    assert found == {
        "backend-service": {"http": 8000},
        "detector-service": {"metrics": 9100},
        "bot-service": {"http": 8080},
        **brokers,
    }


def test_an_update_waits_for_every_service_but_those_that_may_be_right_without_a_pod() -> None:
    plan = workloads("prod")
    skipped = {
        name
        for name in objects(plan, SERVICE)
        if (manifest(plan, SERVICE, name)["metadata"].get("annotations") or {}).get("pulumi.com/skipAwait")
    }
    assert skipped == {"bot-service", "ibkr-gateway-service", "ibkr-gateway-paper-service"}


@pytest.mark.parametrize("stack", STACKS)
def test_pods_wait_for_what_they_cannot_start_without_and_for_no_other_service(stack: str) -> None:
    plan = workloads(stack)
    for name, one in objects(plan, DEPLOYMENT).items():
        before = made_before(plan, one)
        read = read_by(container(plan, DEPLOYMENT, name))
        claims = places(plan, name).values()
        assert {f"ServiceAccount {name}", *(f"PersistentVolumeClaim {each}" for each in claims)} <= before
        assert set(read) <= {each.partition(" ")[2] for each in before}
        assert not [each for each in before if each.startswith(("Deployment", "StatefulSet"))]
    assert "RoleBinding detector-binding" in made_before(plan, objects(plan, DEPLOYMENT)["detector"])


def test_a_second_symbol_is_a_second_deployment_and_leaves_the_first_alone() -> None:
    two = {"symbols": ["SPY", "QQQ"], "linesPerSymbol": 40}
    one, both = workloads(changed("prod", services={"linesPerSymbol": 40})), workloads(changed("prod", services=two))
    assert manifest(both, DEPLOYMENT, "detector") == manifest(one, DEPLOYMENT, "detector")
    told = [variables(container(both, DEPLOYMENT, name)) for name in ("detector", "detector-qqq")]
    assert [(each["SYMBOL"], each["IBKR_CLIENT_ID"]) for each in told] == [("SPY", "1"), ("QQQ", "2")]
    selectors = [
        manifest(both, DEPLOYMENT, name)["spec"]["selector"]["matchLabels"] for name in ("detector", "detector-qqq")
    ]
    assert selectors[0] != selectors[1]
    assert {each["app"] for each in selectors} == {"detector"}
    assert pod(both, DEPLOYMENT, "detector-qqq")["serviceAccountName"] == "detector"


def test_on_one_node_nothing_holds_up_its_maintenance() -> None:
    assert objects(workloads("prod"), BUDGET) == {}


def test_on_several_nodes_a_service_loses_one_pod_at_a_time_and_prefers_different_nodes() -> None:
    plan = workloads(changed("prod", cluster={"nodes": 3, "sharedVolumes": True}))
    assert set(objects(plan, BUDGET)) == {"detector", "backend"}
    for name in objects(plan, BUDGET):
        spec = manifest(plan, BUDGET, name)["spec"]
        assert (spec["maxUnavailable"], spec["selector"]) == (1, {"matchLabels": {"app": name}})
        (spread,) = pod(plan, DEPLOYMENT, name)["topologySpreadConstraints"]
        assert spread["whenUnsatisfiable"] == "ScheduleAnyway"
