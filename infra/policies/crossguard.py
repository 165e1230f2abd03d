"""CrossGuard: the rules as a policy pack of the engine. Adds nothing to them but the engine's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi.runtime.rpc import UNKNOWN
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
    proxy,
)
from pulumi_policy.deserialize import serialize_properties

from infra.policies import RULES, STACK_RULES
from infra.policies.rule import Rule, StackRule
from infra.policies.subject import Subject

PACK = "spy-options"
UNKNOWNS = frozenset(
    {
        proxy.UNKNOWN_ARCHIVE_VALUE,
        proxy.UNKNOWN_ARRAY_VALUE,
        proxy.UNKNOWN_ASSET_VALUE,
        proxy.UNKNOWN_BOOLEAN_VALUE,
        proxy.UNKNOWN_NUMBER_VALUE,
        proxy.UNKNOWN_OBJECT_VALUE,
        proxy.UNKNOWN_STRING_VALUE,
    }
)
"""The engine's marks for what a preview does not know, one a type; reading one through its proxy would raise."""


def policies() -> list[Policy]:
    """Every rule as a mandatory policy."""
    return [*map(_of_resource, RULES), *map(_of_stack, STACK_RULES)]


def _of_resource(rule: Rule) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
        one = Subject(args.resource_type, args.name, _plain(args.props), bool(args.opts.protect), args.urn)
        for message in rule.violations(one):
            report_violation(message, None)

    return ResourceValidationPolicy(rule.name, rule.says, validate, EnforcementLevel.MANDATORY)


def _of_stack(rule: StackRule) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report_violation: ReportViolation) -> None:
        for message in rule.violations([_subject(one) for one in args.resources]):
            report_violation(message, None)

    return StackValidationPolicy(rule.name, rule.says, validate, EnforcementLevel.MANDATORY)


def _subject(one: PolicyResource) -> Subject:
    return Subject(one.resource_type, one.name, _plain(one.props), bool(one.opts.protect), one.urn)


def _plain(props: Mapping[str, Any]) -> dict[str, Any]:
    """Properties without the engine's proxies, every unknown as `UNKNOWN`."""
    plain: dict[str, Any] = _one_unknown(serialize_properties(props))
    return plain


def _one_unknown(value: Any) -> Any:
    if isinstance(value, str):
        return UNKNOWN if value in UNKNOWNS else value
    if isinstance(value, Mapping):
        return {key: _one_unknown(each) for key, each in value.items()}
    return [_one_unknown(each) for each in value] if isinstance(value, list) else value
