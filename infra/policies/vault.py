"""Vault rules: rights by role, deletion that can be taken back."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policies.rule import Rule, demand, rule
from infra.policies.subject import Subject, entries
from stacks.naming import PLAIN_STACK

VAULT = "azure-native:keyvault:Vault"


@rule("vault-rbac", VAULT, says="Who reads a Key Vault is decided by roles, not by access policies")
def by_roles(one: Subject) -> Iterator[str]:
    """Role-based authorization, and no policies beside it."""
    yield from demand(one, "properties.enableRbacAuthorization", True, cure="say true")
    if entries(one.get("properties.accessPolicies")):
        yield "properties.accessPolicies is set: grant a role instead"


@rule("vault-soft-delete", VAULT, says="What is deleted from a Key Vault can be recovered")
def soft_delete(one: Subject) -> Iterator[str]:
    """On unless said otherwise."""
    yield from demand(one, "properties.enableSoftDelete", True, None, cure="leave it on")


@rule("vault-purge-protection", VAULT, says="In prod nobody can purge a Key Vault; elsewhere false is left unsaid")
def purge_protection(one: Subject) -> Iterator[str]:
    """True in prod. Azure refuses an explicit false everywhere."""
    path, value = "properties.enablePurgeProtection", one.get("properties.enablePurgeProtection")
    if value is False:
        yield f"{path} is false, which Azure refuses: leave it out"
    elif one.get("tags.Environment") == PLAIN_STACK:
        yield from demand(one, path, True, cure="set vault.purgeProtection to true")


RULES: tuple[Rule, ...] = (by_roles, soft_delete, purge_protection)
