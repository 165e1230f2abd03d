"""The rules as CrossGuard runs them: through the engine's own proxies, unknown values and options."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_policy import (
    Policy,
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
    proxy,
)

from infra.plan import Plan
from infra.policies import EVERY_RULE, Subject
from infra.policies.crossguard import UNKNOWNS, policies
from infra.policies.plans import subject
from tests.infra.policy_cases import CASES, STACK_CASES, Case, changed
from tests.infra.recording import STACKS, recorded
from tests.infra.test_policies import paths

ROOT = Path(__file__).parents[2]
PACK = ROOT / "infra" / "policy_pack"


def options(one: Subject) -> PolicyResourceOptions:
    return PolicyResourceOptions(one.protect, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])


class Reports:
    """What policies report, by policy; takes the place of the engine."""

    def __init__(self) -> None:
        self.by_policy: dict[str, list[str]] = {}

    def of(self, policy: Policy) -> ReportViolation:
        """The function that this policy reports by."""

        def report(message: str, urn: str | None = None) -> None:
            assert urn is None
            self.by_policy.setdefault(policy.name, []).append(message)

        return report


def judged(one: Subject, only: str = "") -> dict[str, list[str]]:
    """What each policy of the pack, or one of them, reports on a resource behind the engine's proxies."""
    reports = Reports()
    props = proxied(one)
    for policy in policies():
        if isinstance(policy, ResourceValidationPolicy) and only in {"", policy.name}:
            args = ResourceValidationArgs(one.type, props, one.urn, one.name, options(one), None)
            policy.validate(args, reports.of(policy))
    return reports.by_policy


def judged_together(all_: list[Subject]) -> dict[str, list[str]]:
    """What each stack policy of the pack reports."""
    reports = Reports()
    resources = [
        PolicyResource(one.type, proxied(one), one.urn, one.name, options(one), None, None, [], {}) for one in all_
    ]
    for policy in policies():
        if isinstance(policy, StackValidationPolicy):
            policy.validate(StackValidationArgs(resources), reports.of(policy))
    return reports.by_policy


def proxied(one: Subject) -> dict[str, Any]:
    return proxy.unknown_checking_proxy(deepcopy(one.inputs))


def subjects(plan: Plan) -> list[Subject]:
    return [subject(one) for one in plan.resources.values() if one.custom]


def test_the_pack_has_every_rule_under_its_name() -> None:
    assert [policy.name for policy in policies()] == [rule.name for rule in EVERY_RULE]


@pytest.mark.parametrize("stack", STACKS)
def test_the_whole_pack_runs_over_a_recorded_stack_without_a_violation(stack: str) -> None:
    for preview in (True, False):
        all_ = subjects(recorded(stack, preview=preview))
        assert [(one.name, judged(one)) for one in all_ if judged(one)] == []
        assert judged_together(all_) == {}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule} {case.type.rpartition(':')[2]}")
def test_the_pack_reports_what_the_rule_says(case: Case) -> None:
    assert judged(case.good, case.rule) == {}
    assert all(judged(bad, case.rule) for bad in case.bad)


@pytest.mark.parametrize(("name", "good", "bad"), STACK_CASES, ids=[name for name, *_ in STACK_CASES])
def test_the_pack_reports_what_the_stack_rule_says(name: str, good: Any, bad: Any) -> None:
    assert name not in judged_together(list(good))
    assert all(name in judged_together(list(each)) for each in bad)


@pytest.mark.parametrize("mark", sorted(UNKNOWNS))
def test_a_value_of_any_type_that_a_preview_does_not_know_is_not_judged(mark: str) -> None:
    for case in CASES:
        for path in paths(case.good.inputs):
            assert judged(changed(case.good, path, mark), case.rule) == {}, (case.rule, path)


def test_the_pack_starts_in_the_environment_that_make_venv_makes() -> None:
    written = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text())
    assert (PACK / written["runtime"]["options"]["virtualenv"]).resolve() == ROOT / ".venv-infra"
