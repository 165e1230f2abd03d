"""Who is told of an alert: a way out is asked for whole, and one that leads to nobody is told."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.checks import problems
from stacks.needs import needed
from tests.stacks.builders import only, stack

WAYS = {"telegramToken", "notifications.mailUser", "mailPassword"}
MAIL = {"mailServer": "mail.example.org:587", "mailUser": "bot@example.org"}
CONTACTS = {"contacts": ["owner@example.org"]}


def asked(**values: Any) -> set[str]:
    """What is needed of the ways out."""
    return {need.key for need in needed(stack(**values))} & WAYS


@pytest.mark.parametrize(
    ("notifications", "wanted"),
    [
        ({}, set()),
        ({"telegramChat": -1001}, {"telegramToken"}),
        ({"mailServer": "mail.example.org:587"}, {"notifications.mailUser", "mailPassword"}),
    ],
)
def test_each_way_out_is_asked_for_whole(notifications: dict[str, Any], wanted: set[str]) -> None:
    assert asked(notifications=notifications) == wanted


def test_a_stack_without_the_monitoring_is_asked_for_none() -> None:
    assert asked(notifications={"telegramChat": 1, **MAIL}, releases={"monitoring": False}) == set()


def test_mails_to_nobody_and_from_nobody_are_told() -> None:
    assert problems([stack(notifications=MAIL, alerts=CONTACTS)]) == []
    assert only(problems([stack(notifications=MAIL)])) == (
        "prod: notifications.mailServer is set and alerts.contacts is empty: name who is mailed"
    )
    assert only(problems([stack(notifications={**MAIL, "mailUser": "bot"}, alerts=CONTACTS)])) == (
        "prod: notifications.mailUser is 'bot': give an e-mail address, it is the sender too"
    )
