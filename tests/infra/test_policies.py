"""Every policy keeps silent on what is right, speaks on what is wrong, and judges the three stacks."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime.rpc import UNKNOWN

from infra.cloud_model import resource_class
from infra.plan import Mode, record
from infra.policies import RULES, STACK_RULES, Rule, Subject
from infra.policies.exceptions import EXEMPTIONS, NO_SECRETS
from infra.policies.plans import violations
from infra.policies.secrets_in_plain import is_secret
from stacks.settings import StackSettings
from tests.infra.policy_cases import CASES, STACK_CASES, Case, changed
from tests.infra.recording import STACKS, recorded, settings_of, symbolic

BY_NAME = {rule.name: rule for rule in RULES}
STACK_RULES_BY_NAME = {rule.name: rule for rule in STACK_RULES}


def named(case: Case) -> str:
    return f"{case.rule} {case.type.rpartition(':')[2]}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_rule_is_silent_on_what_keeps_to_it(case: Case) -> None:
    assert BY_NAME[case.rule].violations(case.good) == []


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_rule_speaks_on_every_way_to_break_it_and_names_the_cure(case: Case) -> None:
    for (path, _), bad in zip(case.broken_by, case.bad, strict=True):
        told = BY_NAME[case.rule].violations(bad)
        assert told, path
        assert all(message.startswith("one: ") and len(message) < 200 for message in told)


@pytest.mark.parametrize(("name", "good", "bad"), STACK_CASES, ids=[name for name, *_ in STACK_CASES])
def test_a_stack_rule_tells_right_from_wrong(
    name: str, good: tuple[Subject, ...], bad: tuple[tuple[Subject, ...], ...]
) -> None:
    assert STACK_RULES_BY_NAME[name].violations(good) == []
    assert all(STACK_RULES_BY_NAME[name].violations(each) for each in bad)


def test_every_rule_has_cases_and_a_name_of_its_own() -> None:
    assert {case.rule for case in CASES} == set(BY_NAME)
    assert {name for name, *_ in STACK_CASES} == set(STACK_RULES_BY_NAME)
    assert len(BY_NAME) + len(STACK_RULES_BY_NAME) == len(RULES) + len(STACK_RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_matches_types_that_the_packages_have(rule: Rule) -> None:
    """The classic provider's tokens, which never match, are how such rules come to pass for nothing."""
    unknown = [type_ for type_ in rule.types if "*" not in type_ and resource_class(type_) is None]
    assert rule.types
    assert unknown == []


AZURE_RULES = [rule for rule in RULES if not any(type_.startswith("kubernetes:") for type_ in rule.types)]


@pytest.mark.parametrize("rule", AZURE_RULES, ids=lambda rule: rule.name)
def test_a_rule_about_azure_finds_something_to_judge_in_prod(rule: Rule) -> None:
    assert any(rule.concerns(one.type) for one in recorded("prod").resources.values())


@pytest.mark.parametrize("stack", STACKS)
def test_a_committed_stack_breaks_no_rule_in_preview_update_or_plan(stack: str) -> None:
    assert violations(recorded(stack)) == []
    assert violations(recorded(stack, preview=False)) == []
    assert violations(symbolic(stack)) == []


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"azure": {"location": "brazilsouth"}}, "region"),
        ({"vault": {"purge_protection": False}}, "vault-purge-protection"),
    ],
)
def test_a_setting_that_breaks_a_rule_is_found_in_the_plan(values: dict[str, dict[str, Any]], rule: str) -> None:
    prod = settings_of("prod")
    changes = {key: getattr(prod, key).model_copy(update=update) for key, update in values.items()}
    assert rule in {one.rule for one in violations(record(prod.model_copy(update=changes), Mode.PREVIEW))}


def test_a_stack_without_cloud_needs_no_budget() -> None:
    assert not [one for one in violations(recorded(StackSettings(stack="test", layers=()))) if one.rule == "budget"]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_nothing_known_is_nothing_to_judge_and_breaks_no_run(case: Case) -> None:
    """Every property of a resource unknown, one after another and at every depth."""
    for path in paths(case.good.inputs):
        half_known = changed(case.good, path, UNKNOWN)
        assert BY_NAME[case.rule].violations(half_known) == [], path


def paths(value: Any, prefix: str = "") -> list[str]:
    """Every dotted path of nested objects and lists."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for key, each in entries:
        if "." not in str(key):
            found += [f"{prefix}{key}", *paths(each, f"{prefix}{key}.")]
    return found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


UNHURRIED = settings(deadline=None)
"""A shared machine may take its time."""


@UNHURRIED
@given(data=st.data(), case=st.sampled_from(CASES))
def test_whatever_stands_in_a_property_no_rule_breaks_down(data: st.DataObject, case: Case) -> None:
    path = data.draw(st.sampled_from([*paths(case.good.inputs), "tags"]))
    told = BY_NAME[case.rule].violations(changed(case.good, path, data.draw(JSON)))
    assert all(isinstance(message, str) for message in told)


@UNHURRIED
@given(data=st.data(), case=st.sampled_from(STACK_CASES))
def test_whatever_stands_in_a_property_no_stack_rule_breaks_down(data: st.DataObject, case: Any) -> None:
    name, good, _ = case
    index = data.draw(st.integers(0, len(good) - 1))
    path = data.draw(st.sampled_from(paths(good[index].inputs)))
    odd = [*good[:index], changed(good[index], path, data.draw(JSON)), *good[index + 1 :]]
    assert all(isinstance(message, str) for message in STACK_RULES_BY_NAME[name].violations(odd))


@pytest.mark.parametrize("exemption", EXEMPTIONS, ids=lambda one: f"{one.rule} {one.type}")
def test_an_exemption_lets_one_named_resource_past_one_rule(exemption: Any) -> None:
    case = next(case for case in CASES if (case.rule, case.type) == (exemption.rule, exemption.type))
    broken = case.bad[0]
    exempt = Subject(broken.type, exemption.name, deepcopy(broken.inputs))
    assert BY_NAME[exemption.rule].violations(broken)
    assert BY_NAME[exemption.rule].violations(exempt) == []
    assert exemption.reason


def test_a_name_that_sounds_secret_is_let_past_with_a_reason_and_still_not_with_a_key_in_it() -> None:
    for name, reason in NO_SECRETS.items():
        assert reason
        assert not is_secret(name, "InstrumentationKey=0")
        assert is_secret(name, "AccountKey=" + "Zm9v" * 10)
        assert is_secret(f"OTHER_{name}", "x")
