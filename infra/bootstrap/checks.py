"""Checks: what must hold before the first write: settings given, names that fit, global names free or ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.bootstrap.arm import Arm
from infra.bootstrap.foundation import STORAGE, VAULTS, publishes_here
from infra.bootstrap.place import DEPLOY, PREVIEW, Place
from infra.bootstrap.refusal import Refused
from infra.bootstrap.step import THERE, Finding, Standing
from stacks.checks.azure_names import IDENTITY, RESOURCE_GROUP, VAULT, NameRule
from stacks.checks.azure_names import STORAGE as STORAGE_NAME
from stacks.keys import how_to_set
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
        f"{key} is empty and bootstrap needs it, {why}: '{how_to_set(key)}'"
        for key, why in NEEDED.items()
        if not value_of(settings, key)
    ]


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
        ("bootstrap.resourceGroup", names.state_resource_group, RESOURCE_GROUP),
        ("bootstrap.stateAccount", names.state_account, STORAGE_NAME),
        ("bootstrap.vault", names.secrets_vault, VAULT),
        *(("projectName", names.identity(role), IDENTITY) for role in (DEPLOY, PREVIEW)),
    ]
    if publishes_here(place.settings, place):
        ruled.append(("bootstrap.issuerAccount", names.issuer_account, STORAGE_NAME))
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
class _Named:
    """A name that all of Azure shares, and the setting by which another is chosen."""

    name: str
    key: str


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
        for namespace in ("Microsoft.Storage", "Microsoft.KeyVault"):
            if self.arm.registration(namespace) != "Registered":
                return Finding(Standing.LATER, f"after {namespace} is registered")
        _storage_name(self.arm, self.place, self.place.state_account, "bootstrap.stateAccount")
        if publishes_here(self.place.settings, self.place):
            _storage_name(self.arm, self.place, self.place.issuer_account, "bootstrap.issuerAccount")
        _vault_name(self.arm, self.place)
        return THERE

    def make(self) -> None:
        """Nothing: a name is free, ours or refused."""


def _storage_name(arm: Arm, place: Place, id_: str, key: str) -> None:
    if arm.get(id_, STORAGE, f"the storage account {_name(id_)}") is None:
        _refuse_taken(arm, place, "Microsoft.Storage/storageAccounts", STORAGE, _Named(_name(id_), key))


def _vault_name(arm: Arm, place: Place) -> None:
    name, settings = _name(place.vault), place.settings
    if arm.get(place.vault, VAULTS, f"the Key Vault {name}") is not None:
        return
    deleted = (
        f"{place.subscription}/providers/Microsoft.KeyVault/locations/{settings.azure.location}/deletedVaults/{name}"
    )
    if found := arm.get(deleted, VAULTS, f"whether the Key Vault {name} was deleted"):
        until = str(found["properties"].get("scheduledPurgeDate", ""))[:10]
        raise Refused(
            f"the Key Vault {name} was deleted and keeps its name until {until}: 'az keyvault recover --name {name}' "
            "brings it back with its key, or choose another by bootstrap.vault"
        )
    _refuse_taken(arm, place, "Microsoft.KeyVault/vaults", VAULTS, _Named(name, "bootstrap.vault"))


def _refuse_taken(arm: Arm, place: Place, type_: str, version: str, named: _Named) -> None:
    path = f"{place.subscription}/providers/{type_.partition('/')[0]}/checkNameAvailability"
    told = arm.post(path, version, {"name": named.name, "type": type_}, f"ask whether the name {named.name} is free")
    if not told.get("nameAvailable"):
        raise Refused(
            f"the name {named.name} is taken by somebody else, and all of Azure shares such names: choose another by "
            f"{named.key}"
        )


def _name(id_: str) -> str:
    return id_.rsplit("/", 1)[1]
