"""The policy pack: infra/policies as the engine starts them, by `pulumi up --policy-pack infra/policy_pack`."""

from __future__ import annotations

from pulumi_policy import EnforcementLevel, PolicyPack

from infra.policies.crossguard import PACK, policies

PolicyPack(PACK, policies(), EnforcementLevel.MANDATORY)
