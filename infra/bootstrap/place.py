"""Place: ids in Azure of everything that bootstrap makes or looks at. Pure; names come from stacks/naming.py."""

from __future__ import annotations

from dataclasses import dataclass

from infra.policies.exceptions import ISSUER_DOCUMENTS
from stacks.naming import Names
from stacks.settings import StackSettings

STATE_CONTAINER = "state"
SECRETS_KEY = "pulumi"
DEPLOY, PREVIEW = "deploy", "preview"
"""GitHub's two identities: one deploys, one only looks."""


@dataclass(frozen=True)
class Place:
    """One stack's place in Azure."""

    settings: StackSettings

    @property
    def names(self) -> Names:
        """Names of the stack."""
        return Names(self.settings)

    @property
    def subscription(self) -> str:
        """Id of the subscription."""
        return f"/subscriptions/{self.settings.azure.subscription_id}"

    @property
    def platform_group(self) -> str:
        """The group that the program reads and fills."""
        return f"{self.subscription}/resourceGroups/{self.names.resource_group}"

    @property
    def state_group(self) -> str:
        """The group that bootstrap fills, out of the deploying identity's reach."""
        return f"{self.subscription}/resourceGroups/{self.names.state_resource_group}"

    @property
    def state_account(self) -> str:
        """Storage account of Pulumi's state."""
        return f"{self.state_group}/providers/Microsoft.Storage/storageAccounts/{self.names.state_account}"

    @property
    def state_container(self) -> str:
        """Blob container of Pulumi's state."""
        return f"{self.state_account}/blobServices/default/containers/{STATE_CONTAINER}"

    @property
    def vault(self) -> str:
        """Key Vault of the secrets' key."""
        return f"{self.state_group}/providers/Microsoft.KeyVault/vaults/{self.names.secrets_vault}"

    @property
    def key(self) -> str:
        """The key that encrypts the stack's secrets."""
        return f"{self.vault}/keys/{SECRETS_KEY}"

    def github_identity(self, role: str) -> str:
        """DEPLOY or PREVIEW. It lies with the state: whoever deploys cannot let more of GitHub in."""
        return f"{self.state_group}/providers/{_IDENTITIES}/{self.names.identity(role)}"

    def service_identity(self, service: str) -> str:
        """Identity of a service, which the cloud layer makes."""
        return f"{self.platform_group}/providers/{_IDENTITIES}/{self.names.identity(service)}"

    @property
    def issuer_account(self) -> str:
        """Storage account of the cluster's issuer documents and nothing else."""
        return f"{self.state_group}/providers/Microsoft.Storage/storageAccounts/{self.names.issuer_account}"

    @property
    def issuer_container(self) -> str:
        """Its one container, public."""
        return f"{self.issuer_account}/blobServices/default/containers/{ISSUER_DOCUMENTS}"

    @property
    def issuer_url(self) -> str:
        """What the API server signs as, and cluster.issuer is."""
        return f"https://{self.names.issuer_account}.blob.core.windows.net/{ISSUER_DOCUMENTS}"

    @property
    def registry(self) -> str:
        """The stack's own registry, which the cloud layer makes."""
        return f"{self.platform_group}/providers/Microsoft.ContainerRegistry/registries/{self.names.registry}"

    @property
    def registry_token(self) -> str:
        """The token by which the cluster pulls."""
        return f"{self.registry}/tokens/{self.names.registry_token}"

    @property
    def backend(self) -> str:
        """Address of the state for `pulumi login`."""
        return f"azblob://{STATE_CONTAINER}?storage_account={self.names.state_account}"

    @property
    def secrets_provider(self) -> str:
        """What `pulumi stack init` takes."""
        return f"azurekeyvault://{self.names.secrets_vault}.vault.azure.net/keys/{SECRETS_KEY}"


_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
