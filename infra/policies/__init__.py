"""Policies: what every stack must keep to, as plain validators. Read registered inputs only; change nothing.

The same rules run in two places: in the engine, through CrossGuard (infra/policy_pack), and in tests and `spy plan`, on
the recorded plan. docs/policies.md lists them.
"""

from __future__ import annotations

from infra.policies import access, logs, network, secrets_in_plain, stack, storage, tags, vault, webapp, workloads
from infra.policies.rule import Rule, StackRule, Violation
from infra.policies.subject import Subject

RULES: tuple[Rule, ...] = (
    *tags.RULES,
    *network.RULES,
    *access.RULES,
    *storage.RULES,
    *vault.RULES,
    *logs.RULES,
    *webapp.RULES,
    *workloads.RULES,
    *secrets_in_plain.RULES,
)
"""Rules about one resource."""

STACK_RULES: tuple[StackRule, ...] = stack.RULES
"""Rules about all resources of a stack together."""

EVERY_RULE: tuple[Rule | StackRule, ...] = (*RULES, *STACK_RULES)

__all__ = ["EVERY_RULE", "RULES", "STACK_RULES", "Rule", "StackRule", "Subject", "Violation"]
