"""Tags and regions: whose every resource is, and where it may stand."""

from __future__ import annotations

from collections.abc import Iterator

from infra.cloud_model import is_taggable
from infra.policies.rule import Rule, demand, rule
from infra.policies.subject import Subject, is_known

AZURE = "azure-native:*"

REQUIRED_TAGS = ("Project", "Environment", "ManagedBy", "Owner", "CostCenter")
"""Tags of requirements P1.02."""

REGIONS = frozenset({"westeurope", "northeurope", "centralus", "eastus2", "westus2", "eastasia", "global"})
"""Where resources may stand: those in which a Static Web App can stand beside the rest, and northeurope, Azure's own
partner of westeurope. `global` is what services without a place say."""


@rule("tags", AZURE, says="Everything that takes tags bears Project, Environment, ManagedBy, Owner and CostCenter")
def bears_tags(one: Subject) -> Iterator[str]:
    """The five tags, none empty, and ManagedBy true to its word."""
    if not is_taggable(one.type):
        return
    missing = [tag for tag in REQUIRED_TAGS if not one.get(f"tags.{tag}")]
    if missing:
        yield f"lacks the tags {', '.join(missing)}: give it the scope's tags"
    else:
        yield from demand(one, "tags.ManagedBy", "Pulumi", cure="it is Pulumi that manages it")


@rule("region", AZURE, says="Resources stand in a region of the list only")
def in_listed_region(one: Subject) -> Iterator[str]:
    """The region as Azure's short name, whatever its spelling."""
    location = one.get("location")
    if isinstance(location, str) and is_known(location) and location.replace(" ", "").lower() not in REGIONS:
        yield f"location is {location!r}: set azure.location to one of {', '.join(sorted(REGIONS))}"


RULES: tuple[Rule, ...] = (bears_tags, in_listed_region)
