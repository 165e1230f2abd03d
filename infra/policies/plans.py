"""Plans: a recorded plan judged by every rule. Reads the plan; runs nothing."""

from __future__ import annotations

from infra.plan import Plan, Registration, reveal
from infra.policies import RULES, STACK_RULES
from infra.policies.rule import Violation
from infra.policies.subject import Subject


def subject(one: Registration) -> Subject:
    """A registration as a rule sees it."""
    return Subject(one.type, one.name, reveal(one.inputs), one.protect, one.urn)


def violations(plan: Plan) -> list[Violation]:
    """What a plan breaks, by rule; empty when it keeps to all of them."""
    subjects = [subject(one) for one in plan.resources.values() if one.custom]
    broken = [
        Violation(rule.name, one.urn, message) for rule in RULES for one in subjects for message in rule.violations(one)
    ]
    return broken + [Violation(rule.name, "", message) for rule in STACK_RULES for message in rule.violations(subjects)]
