"""The forwarder sends every line of its stack's pods, none of another's, in the columns of the table, or keeps them."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.service.logs import JsonFormatter
from infra.cloud.logs import COLUMNS, HEARTBEAT_MINUTES, TABLE
from infra.cluster.tokens import KUBERNETES
from infra.plan import Plan, Secret
from infra.policies.exceptions import EXEMPTIONS
from infra.policies.plans import violations
from infra.releases.fluent_bit import BUFFER, CONTAINER_LOGS, FOLDER, POD_LOGS, Key, files
from stacks.settings import Layer
from tests.infra.cluster_parts import TENANT, manifest, objects
from tests.infra.forwarder import Part, in_columns, parsed, parts, runtime_record
from tests.infra.order import made_before
from tests.infra.recording import settings_of
from tests.infra.releases_part import released, with_

FORWARDER = "log-forwarder"
SENDING = ("dev", "prod")
TEXTS = files("spy-options-bot", 2)


def part(kind: str, name: str = "", texts: dict[str, str] = TEXTS) -> Part:
    """The one section of a kind, and where there are several, of a plugin."""
    (found,) = [
        each
        for each in parts(texts["fluent-bit.conf"])
        if each.kind == kind and (not name or each.keys["name"] == name)
    ]
    return found


def time_format() -> str:
    """How the parser reads a line's time."""
    (parser,) = parts(TEXTS["parsers.conf"])
    assert parser.keys["name"] == part("FILTER", "parser").keys["parser"]
    return parser.keys["time_format"]


def sent(line: str, **of: str) -> dict[str, Any]:
    """What becomes of a line of the detector."""
    told = {"pod": "detector-1", "namespace": "spy-options-bot", "container": "detector", **of}
    _, record = parsed(runtime_record(line, **told), time_format())
    return in_columns(TEXTS["columns.lua"], record)


def told_by_a_service(message: str = "a line", *, fails: bool = False, **extra: object) -> str:
    """A line as the services write it."""
    error = None
    if fails:
        try:
            float("no quote")
        except ValueError:
            error = sys.exc_info()
    record = logging.LogRecord("apps.detector", logging.WARNING, "x.py", 1, message, None, error)
    record.__dict__ |= extra
    return JsonFormatter("spy-detector").format(record)


def pod(plan: Plan) -> dict[str, Any]:
    """The forwarder's pod."""
    daemons = manifest(plan, "apps/v1:DaemonSet", FORWARDER)
    specification: dict[str, Any] = daemons["spec"]["template"]["spec"]
    return specification


def test_a_line_of_a_service_becomes_the_columns_and_its_time() -> None:
    line = told_by_a_service("42 contracts", fails=True, order_ref="a-1", contracts=42, live=True)
    when, _ = parsed(runtime_record(line, pod="p", namespace="n", container="c"), time_format())
    assert when is not None
    assert when.astimezone(UTC).isoformat(timespec="milliseconds") == json.loads(line)["timestamp"]
    found = sent(line)
    assert found.pop("exception").endswith("ValueError: could not convert string to float: 'no quote'")
    assert found == {
        "level": "WARNING",
        "logger": "apps.detector",
        "message": "42 contracts",
        "service": "spy-detector",
        "pod_name": "detector-1",
        "namespace": "spy-options-bot",
        "extra": {"order_ref": "a-1", "contracts": 42, "live": True},
    }


def test_a_record_and_its_time_are_the_columns_of_the_table_and_nothing_else() -> None:
    found = sent(told_by_a_service(fails=True, order_ref="a-1"))
    assert {part("OUTPUT").keys["time_key"], *found} == set(COLUMNS)
    assert all(isinstance(found[name], str) for name, kind in COLUMNS.items() if kind == "string")


@pytest.mark.parametrize(("stream", "level"), [("stdout", "INFO"), ("stderr", "WARNING")])
def test_a_line_that_is_no_json_is_its_own_message_under_the_name_of_its_pod(stream: str, level: str) -> None:
    found = sent("2026-11-20 IBC: Login has completed  ", container="ibkr-gateway", pod="ibkr-gateway-0", stream=stream)
    assert found == {
        "level": level,
        "message": "2026-11-20 IBC: Login has completed",
        "service": "ibkr-gateway",
        "pod_name": "ibkr-gateway-0",
        "namespace": "spy-options-bot",
    }


JSON_VALUES = st.recursive(
    st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.text(min_size=1, max_size=10).filter(lambda key: key != "timestamp"), JSON_VALUES))
def test_whatever_a_line_holds_no_key_but_a_column_is_sent(keys: dict[str, Any]) -> None:
    found = sent(json.dumps(keys))
    assert set(found) <= set(COLUMNS)
    assert all(isinstance(value, str) for name, value in found.items() if name != "extra")
    assert {"level", "message", "service", "pod_name", "namespace"} <= set(found)


def test_lines_of_its_own_stack_are_read_and_of_no_other() -> None:
    pattern = part("INPUT", "tail").keys["path"]
    mine = f"{CONTAINER_LOGS}/detector-7d9-x_spy-options-bot_detector-0123456789abcdef.log"
    assert fnmatchcase(mine, pattern)
    for other in ("spy-options-bot-dev", "monitoring", "spy-options-logs"):
        assert not fnmatchcase(mine.replace("spy-options-bot", other), pattern)


def test_the_forwarder_s_own_lines_are_not_among_those_it_reads() -> None:
    for stack in SENDING:
        names = objects(released(stack), "apps/v1:DaemonSet")
        daemons = manifest(released(stack), "apps/v1:DaemonSet", *names)
        text = manifest(released(stack), "core/v1:ConfigMap", FORWARDER)["data"]["fluent-bit.conf"]
        assert f"_{daemons['metadata']['namespace']}_" not in text


def test_a_heartbeat_in_the_same_columns_comes_in_time_and_at_once_after_a_start() -> None:
    keys = part("INPUT", "dummy").keys
    assert int(keys["interval_sec"]) <= HEARTBEAT_MINUTES * 60
    assert keys["flush_on_startup"] == "On"
    record = json.loads(keys["dummy"])
    found = in_columns(TEXTS["columns.lua"], record, "heartbeat")
    assert found == record
    assert set(found) <= set(COLUMNS)
    assert (record["pod_name"], record["namespace"]) == ("${POD_NAME}", "${NAMESPACE}")


def test_every_record_passes_the_script_last_and_goes_to_the_table() -> None:
    filters = [each.keys["name"] for each in parts(TEXTS["fluent-bit.conf"]) if each.kind == "FILTER"]
    assert filters == ["kubernetes", "parser", "lua"]
    script, output = part("FILTER", "lua").keys, part("OUTPUT").keys
    assert (script["match"], output["match"]) == ("*", "*")
    assert script["script"] == f"{FOLDER}/columns.lua"
    assert {key: output[key] for key in ("name", "table_name", "time_key", "time_generated", "compress")} == {
        "name": "azure_logs_ingestion",
        "table_name": TABLE,
        "time_key": "TimeGenerated",
        "time_generated": "On",
        "compress": "On",
    }


def test_what_cannot_be_sent_waits_on_the_node_up_to_the_setting() -> None:
    settings = with_("prod", "releases", log_buffer_gi=7)
    text = manifest(released(settings), "core/v1:ConfigMap", FORWARDER)["data"]
    output = part("OUTPUT", texts=text).keys
    assert (output["retry_limit"], output["storage.total_limit_size"]) == ("no_limits", "7G")
    service = part("SERVICE").keys
    assert service["storage.path"].startswith(BUFFER)
    inputs = [each.keys for each in parts(TEXTS["fluent-bit.conf"]) if each.kind == "INPUT"]
    assert {each["storage.type"] for each in inputs} == {"filesystem"}
    assert part("INPUT", "tail").keys["db"].startswith(BUFFER)


def test_buffer_and_position_outlive_the_pod_in_a_folder_of_the_stack() -> None:
    folders = {}
    for stack in SENDING:
        buffer = next(each for each in pod(released(stack))["volumes"] if each["name"] == "buffer")
        assert buffer["hostPath"]["type"] == "DirectoryOrCreate"
        folders[stack] = buffer["hostPath"]["path"]
    assert folders == {
        "dev": "/mnt/k8s-storage/log-forwarder-dev",
        "prod": "/mnt/k8s-storage/log-forwarder",
    }


def test_secrets_come_from_the_environment_and_stand_in_no_text() -> None:
    plan = released("prod")
    data = manifest(plan, "core/v1:ConfigMap", FORWARDER)["data"]
    output = part("OUTPUT", texts=data).keys
    assert [output[key] for key in ("tenant_id", "client_id", "client_secret", "dce_url", "dcr_id")] == [
        "${AZURE_TENANT_ID}",
        "${AZURE_CLIENT_ID}",
        "${AZURE_CLIENT_SECRET}",
        "${LOG_ENDPOINT}",
        "${LOG_RULE}",
    ]
    assert (data[Key.ENDPOINT], data[Key.RULE]) == ("the log_ingestion_endpoint", "the log_rule_id")
    raw = objects(plan, "core/v1:Secret")["azure-logs"].inputs["stringData"]
    kept = raw.value if isinstance(raw, Secret) else raw
    assert set(kept) == {Key.TENANT_ID, Key.CLIENT_ID, Key.CLIENT_SECRET}
    assert isinstance(raw, Secret) or isinstance(kept[Key.CLIENT_SECRET], Secret)
    assert manifest(plan, "core/v1:Secret", "azure-logs")["stringData"][Key.TENANT_ID] == TENANT


def test_every_key_that_the_configuration_reads_is_given_to_the_container() -> None:
    (container,) = pod(released("prod"))["containers"]
    assert set(re.findall(r"\$\{(\w+)\}", TEXTS["fluent-bit.conf"])) == {each["name"] for each in container["env"]}


@pytest.mark.parametrize("stack", SENDING)
def test_a_change_of_configuration_or_secret_makes_the_pods_anew(stack: str) -> None:
    def annotations(plan: Plan) -> dict[str, str]:
        template = manifest(plan, "apps/v1:DaemonSet", FORWARDER)["spec"]["template"]
        told: dict[str, str] = template["metadata"]["annotations"]
        return told

    before = annotations(released(stack))
    assert set(before) == {"spy-options/log-forwarder", "spy-options/azure-logs"}
    after = annotations(released(with_(stack, "releases", log_buffer_gi=9)))
    assert {key for key in before if before[key] != after[key]} == {"spy-options/log-forwarder"}
    renewed = annotations(released(with_(stack, "logs", forwarder_id="11111111-2222-3333-4444-555555555555")))
    assert {key for key in before if before[key] != renewed[key]} == {"spy-options/azure-logs"}


def test_of_the_node_it_sees_the_pods_logs_to_read_and_its_buffer_to_write() -> None:
    found = pod(released("prod"))
    (container,) = found["containers"]
    paths = {each["name"]: each["hostPath"]["path"] for each in found["volumes"] if "hostPath" in each}
    writable = {each["name"] for each in container["volumeMounts"] if not each.get("readOnly")}
    assert set(paths.values()) == {POD_LOGS, CONTAINER_LOGS, "/mnt/k8s-storage/log-forwarder"}
    assert writable == {"buffer"}
    mounted = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert mounted["pod-logs"] == POD_LOGS  # the links beside it lead there by this very path


def test_its_token_is_one_of_an_hour_that_it_asks_for_and_none_that_every_pod_gets() -> None:
    plan = released("prod")
    (account,) = objects(plan, "core/v1:ServiceAccount")
    assert manifest(plan, "core/v1:ServiceAccount", account)["automountServiceAccountToken"] is False
    found = pod(plan)
    assert found["automountServiceAccountToken"] is False
    (container,) = found["containers"]
    (token,) = [each for each in found["volumes"] if "projected" in each]
    (mount,) = [each for each in container["volumeMounts"] if each["name"] == token["name"]]
    assert (mount["mountPath"], mount["readOnly"]) == (KUBERNETES, True)
    assert token["projected"]["sources"][0]["serviceAccountToken"] == {"path": "token", "expirationSeconds": 3600}


def test_it_is_root_without_a_capability_and_no_rule_but_that_one_lets_it_pass() -> None:
    (container,) = pod(released("prod"))["containers"]
    context = container["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert (context["allowPrivilegeEscalation"], context["readOnlyRootFilesystem"]) == (False, True)
    assert pod(released("prod"))["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert [each.rule for each in EXEMPTIONS if each.name == FORWARDER] == ["container-non-root"]


@pytest.mark.parametrize("stack", ["dev", "local", "prod"])
def test_nothing_of_the_layer_breaks_a_policy(stack: str) -> None:
    assert [each for each in violations(released(stack)) if each.urn] == []


def test_its_rights_reach_the_stack_s_own_namespace_only() -> None:
    for stack, role, home in (
        ("prod", "spy-options-log-forwarder", "monitoring"),
        ("dev", "spy-options-log-forwarder-dev", "spy-options-logs-dev"),
    ):
        plan = released(stack)
        (rule,) = manifest(plan, "rbac.authorization.k8s.io/v1:ClusterRole", role)["rules"]
        assert rule == {"apiGroups": [""], "resources": ["pods", "namespaces"], "verbs": ["get", "list", "watch"]}
        binding = manifest(plan, "rbac.authorization.k8s.io/v1:RoleBinding", FORWARDER)
        workloads = "spy-options-bot" if stack == "prod" else "spy-options-bot-dev"
        assert binding["metadata"]["namespace"] == workloads
        assert binding["roleRef"]["name"] == role
        assert [(each["name"], each["namespace"]) for each in binding["subjects"]] == [(FORWARDER, home)]
        assert not plan.of_type("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding")


def test_a_stack_beside_another_one_s_monitoring_forwards_from_a_namespace_of_its_own() -> None:
    for stack, home in (("prod", "monitoring"), ("dev", "spy-options-logs-dev")):
        plan = released(stack)
        namespace = manifest(plan, "core/v1:Namespace", home)
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
        for kind, name in (
            ("apps/v1:DaemonSet", FORWARDER),
            ("core/v1:ServiceAccount", FORWARDER),
            ("core/v1:ConfigMap", FORWARDER),
            ("core/v1:Secret", "azure-logs"),
        ):
            assert manifest(plan, kind, name)["metadata"]["namespace"] == home


def test_the_pods_wait_for_what_they_read() -> None:
    plan = released("prod")
    before = made_before(plan, objects(plan, "apps/v1:DaemonSet")[FORWARDER])
    assert {"Namespace monitoring", "ConfigMap configuration", "Secret credentials", "ServiceAccount account"} <= before


def test_a_stack_without_azure_or_with_logging_off_forwards_nothing() -> None:
    for settings in (settings_of("local"), with_("prod", "releases", logging=False)):
        plan = released(settings)
        assert not plan.of_type("kubernetes:apps/v1:DaemonSet")
        assert not plan.of_type("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole")
    assert not settings_of("local").includes(Layer.CLOUD)


def test_it_runs_on_every_node_and_is_asked_by_http_whether_it_lives() -> None:
    found = pod(released("prod"))
    (container,) = found["containers"]
    assert found["tolerations"] == [{"operator": "Exists"}]
    port = part("SERVICE").keys["http_port"]
    assert [each["containerPort"] for each in container["ports"]] == [int(port)]
    assert container["livenessProbe"]["httpGet"]["path"] == "/api/v1/uptime"
    assert container["readinessProbe"]["httpGet"]["path"] == "/api/v1/health"
    grace = int(part("SERVICE").keys["grace"])
    assert found["terminationGracePeriodSeconds"] > grace
