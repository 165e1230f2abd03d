"""Checks: what must hold before the first write: settings given, names that fit, global names free or ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.bootstrap.arm import Arm
from infra.bootstrap.foundation import publishes_here
from infra.bootstrap.place import DEPLOY, PREVIEW, Place
from infra.bootstrap.refusal import Refused
from infra.bootstrap.step import THERE, Finding, Standing
from infra.global_names import STORAGE, VAULT, GlobalName, Holder, held
from stacks.checks import azure_names
from stacks.checks.azure_names import NameRule
from stacks.keys import PROJECT
from stacks.needs import value_of
from stacks.refusal import refuse
from stacks.settings import Layer, StackSettings

NEEDED = {
    "azure.subscriptionId": "every id in Azure begins with it",
    "azure.tenantId": "identities and vault are of it",
    "bootstrap.githubOwner": "GitHub's runs are known by it",
    "bootstrap.githubOwnerId": "repositories that are new since June 2026 are known by it",
    "bootstrap.githubRepository": "GitHub's runs are known by it",
    "bootstrap.githubRepositoryId": "repositories that are new since June 2026 are known by it",
}
"""Settings without which nothing can be bootstrapped, each with the reason."""


def missing(settings: StackSettings) -> list[str]:
    """One sentence for each setting that bootstrap needs and that is empty."""
    return [
        f"{key} is empty and bootstrap needs it, {why}: {_how_to_write(settings.stack, key)}"
        for key, why in NEEDED.items()
        if not value_of(settings, key)
    ]


def _how_to_write(stack: str, key: str) -> str:
    """By hand: Pulumi sets no value of a stack that is not in a state yet, and making it is bootstrap's last step."""
    section, _, name = key.partition(".")
    return (
        f"write '{name}: VALUE' into Pulumi.{stack}.yaml, below {PROJECT}:{section} in config ('pulumi config set' "
        "works once the stack is there)"
    )


def check_settings(settings: StackSettings) -> None:
    """Raise SettingsRefused with every problem, and Refused for a stack that has nothing in Azure."""
    if not settings.includes(Layer.CLOUD):
        raise Refused(
            f"{settings.stack} has no layer cloud, so nothing is to be made in Azure: it needs 'pulumi stack init "
            f"{settings.stack}' and no more"
        )
    refuse([*missing(settings), *_names_that_do_not_fit(Place(settings))])


def _names_that_do_not_fit(place: Place) -> Iterator[str]:
    names = place.names
    ruled: list[tuple[str, str, NameRule]] = [
        ("bootstrap.resourceGroup", names.state_resource_group, azure_names.RESOURCE_GROUP),
        ("bootstrap.stateAccount", names.state_account, azure_names.STORAGE),
        ("bootstrap.vault", names.secrets_vault, azure_names.VAULT),
        *(("projectName", names.identity(role), azure_names.IDENTITY) for role in (DEPLOY, PREVIEW)),
    ]
    if publishes_here(place.settings, place):
        ruled.append(("bootstrap.issuerAccount", names.issuer_account, azure_names.STORAGE))
    for key, name, rule in ruled:
        if not rule.fits(name):
            yield (
                f"{rule.kind} {name!r} has {len(name)} characters and must have {rule.shortest} to {rule.longest}, "
                f"{rule.words}: set {key}"
            )
    if names.state_resource_group.lower() == names.resource_group.lower():
        yield (
            f"bootstrap.resourceGroup is the platform's own group {names.resource_group}, in which the deploying "
            "identity may do everything: give the state another"
        )


@dataclass(frozen=True)
class NamesStep:
    """That the names which all of Azure shares are free or ours. Makes nothing; stops before anything is made."""

    arm: Arm
    place: Place
    name: str = "global-names"
    title: str = "names that all of Azure shares"

    def look(self) -> Finding:
        """Raises Refused when a name is somebody else's, or a deleted vault's.

        Azure answers only when the resource provider is registered, and asking would register it.
        """
        for name in self._names():
            found = held(name, self.place.settings, self.arm)
            if found.holder is Holder.UNASKED:
                return Finding(Standing.LATER, f"after {name.kind.namespace} is registered")
            if found.says:
                raise Refused(found.says)
        return THERE

    def _names(self) -> Iterator[GlobalName]:
        place = self.place
        yield GlobalName(STORAGE, place.state_account, "bootstrap.stateAccount")
        if publishes_here(place.settings, place):
            yield GlobalName(STORAGE, place.issuer_account, "bootstrap.issuerAccount")
        yield GlobalName(VAULT, place.vault, "bootstrap.vault")

    def make(self) -> None:
        """Nothing: a name is free, ours or refused."""
