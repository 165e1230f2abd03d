"""The golden plan: what is committed is what the program says, and no operator's own setting changes it."""

from __future__ import annotations

from typing import Any

import pytest

from infra.plan import store
from infra.plan.golden import PERSONAL, golden, impersonal
from stacks.keys import all_keys
from stacks.load import for_plan, load, needed, stack_names
from stacks.settings import StackSettings
from tests.infra.recording import ROOT, STACKS

OPERATORS_OWN: dict[str, dict[str, Any]] = {
    "azure": {"subscriptionId": "s", "tenantId": "t", "apiAudience": "a"},
    "alerts": {"contacts": ["someone@example.org"]},
    "registry": {"id": "r"},
    "onPrem": {"address": "203.0.113.7"},
    "cluster": {"context": "home", "issuer": "https://issuer.example.org", "uid": "u"},
    "upstream": {"github": "images.example.org", "charts": "https://charts.example.org"},
    "logs": {"forwarderId": "f"},
}


@pytest.mark.parametrize("stack", STACKS)
def test_the_committed_plan_is_what_the_program_says(stack: str) -> None:
    found = golden(stack)
    for name in sorted({*found.documents, *found.committed}):
        assert found.documents.get(name) == found.committed.get(name), (
            f"run `make plan`, then `make plan WRITE=1`: {name}"
        )


def test_every_stack_has_a_committed_plan_and_no_plan_is_left_of_another() -> None:
    assert sorted(path.name for path in store.FOLDER.iterdir()) == stack_names(ROOT) == list(STACKS)


@pytest.mark.parametrize("stack", STACKS)
def test_no_setting_of_one_operator_changes_the_plan(stack: str) -> None:
    committed = load(stack, ROOT)
    own = StackSettings.model_validate({**committed.model_dump(by_alias=True), "stack": stack, **merged(committed)})
    assert own != committed
    assert for_plan(impersonal(own)) == for_plan(impersonal(committed))


def merged(settings: StackSettings) -> dict[str, Any]:
    """The stack's sections with an operator's own values in them."""
    dumped = settings.model_dump(by_alias=True)
    return {section: {**dumped[section], **own} for section, own in OPERATORS_OWN.items()}


def test_what_is_personal_is_what_the_test_above_sets() -> None:
    assert set(PERSONAL) == {f"{section}.{name}" for section, own in OPERATORS_OWN.items() for name in own}
    assert set(PERSONAL) <= set(all_keys())


@pytest.mark.parametrize("stack", STACKS)
def test_everything_needed_and_not_secret_and_not_an_image_is_personal(stack: str) -> None:
    keys = {need.key for need in needed(load(stack, ROOT)) if not need.is_secret}
    assert {key for key in keys if not key.startswith("images.")} <= set(PERSONAL)
