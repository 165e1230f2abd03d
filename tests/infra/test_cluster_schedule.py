"""The gateways' weekend: when, for whom, and with how little right."""

from __future__ import annotations

import pytest

from stacks.settings import StackSettings
from tests.infra.cluster_parts import manifest, objects
from tests.infra.order import made_before
from tests.infra.workload_parts import CRON_JOB, changed, pod, read_by, tokens, workloads

STOP, START = "ibkr-friday-scale-down", "ibkr-monday-scale-up"
SCALE = ["python3", "-m", "apps.service.scale"]


def commands(stack: str | StackSettings, name: str) -> list[list[str]]:
    return [one["command"] for one in pod(workloads(stack), CRON_JOB, name)["containers"]]


def test_prods_gateways_rest_from_friday_evening_to_monday_morning_in_new_york() -> None:
    plan = workloads("prod")
    found = {name: manifest(plan, CRON_JOB, name)["spec"] for name in objects(plan, CRON_JOB)}
    assert {name: spec["schedule"] for name, spec in found.items()} == {STOP: "0 18 * * 5", START: "0 8 * * 1"}
    assert {spec["timeZone"] for spec in found.values()} == {"America/New_York"}


def test_each_gateway_that_there_is_is_scaled() -> None:
    assert commands("prod", STOP) == [[*SCALE, "ibkr-gateway", "0"], [*SCALE, "ibkr-gateway-paper", "0"]]
    assert commands("prod", START) == [[*SCALE, "ibkr-gateway", "1"], [*SCALE, "ibkr-gateway-paper", "1"]]
    assert commands(changed("prod", cluster={"gateway": "paper"}), START) == [[*SCALE, "ibkr-gateway-paper", "1"]]


def test_the_times_are_settings() -> None:
    mine = {"stop": "30 17 * * 5", "start": "0 7 * * 1", "timeZone": "Europe/Madrid"}
    plan = workloads(changed("prod", schedule=mine))
    spec = manifest(plan, CRON_JOB, STOP)["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("30 17 * * 5", "Europe/Madrid")
    assert manifest(plan, CRON_JOB, START)["spec"]["schedule"] == "0 7 * * 1"


@pytest.mark.parametrize(
    "stack", ["dev", "local", changed("prod", schedule={"enabled": False})], ids=["dev", "local", "switched off"]
)
def test_without_gateways_or_a_weekend_there_is_no_schedule(stack: str | StackSettings) -> None:
    assert objects(workloads(stack), CRON_JOB) == {}


def test_a_job_has_the_backends_image_one_token_and_nothing_to_read() -> None:
    plan = workloads("prod")
    for name in (STOP, START):
        spec = pod(plan, CRON_JOB, name)
        assert (spec["serviceAccountName"], spec["restartPolicy"]) == ("ibkr-scaler", "Never")
        assert tokens(plan, CRON_JOB, name) == [""]
        for one in spec["containers"]:
            assert "/spy-backend@" in one["image"]
            assert read_by(one) == []
            assert [each["name"] for each in one["env"]] == ["NAMESPACE"]


def test_a_job_runs_late_rather_than_never_and_never_beside_itself() -> None:
    for name in (STOP, START):
        spec = manifest(workloads("prod"), CRON_JOB, name)["spec"]
        assert spec["concurrencyPolicy"] == "Forbid"
        assert spec["startingDeadlineSeconds"] == 4 * 3600
        assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (3, 1)
        job = spec["jobTemplate"]["spec"]
        assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (5, 900)


def test_a_jobs_right_is_there_before_it() -> None:
    plan = workloads("prod")
    for one in objects(plan, CRON_JOB).values():
        assert {"ServiceAccount ibkr-scaler", "RoleBinding ibkr-scaler-binding"} <= made_before(plan, one)
