"""Settings of what `spy bootstrap` makes before a stack's first deployment. The program itself reads none of them."""

from __future__ import annotations

from pydantic import Field

from stacks.settings.base import Section, must

_NAME = r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$"
_NUMBER = r"^[0-9]*$"


class BootstrapSettings(Section):
    """What must exist before a stack: state, its key, who deploys, and where the cluster's issuer is published.

    The repository on GitHub is personal and stays empty in committed files; names that are empty are derived
    (stacks/naming.py).
    """

    github_owner: str = Field("", pattern=_NAME, description="Owner of the repository on GitHub; needed by bootstrap")
    github_owner_id: str = Field(
        "", pattern=_NUMBER, description="Its id, a number (gh api users/OWNER -q .id); needed by bootstrap"
    )
    github_repository: str = Field("", pattern=_NAME, description="Repository without owner; needed by bootstrap")
    github_repository_id: str = Field(
        "", pattern=_NUMBER, description="Its id, a number (gh api repos/OWNER/REPO -q .id); needed by bootstrap"
    )
    github_branch: str = Field(
        "main", pattern=r"^[A-Za-z0-9._/-]+$", description="Branch whose scheduled runs may look for drift"
    )
    github_environment: str = Field(
        "", pattern=r"^[A-Za-z0-9._-]*$", description="Environment that deployments run in; empty: the stack's name"
    )
    resource_group: str = Field("", description="Resource group of state and identities; empty: rg-PROJECT-STACK-state")
    state_account: str = Field("", description="Storage account of the state; empty: stPROJECTSTACKstate")
    vault: str = Field("", description="Key Vault of the secrets' key; empty: kvs-PROJECT-SUFFIX")
    issuer_account: str = Field(
        "", description="Storage account of the cluster's issuer documents; empty: stPROJECTSTACKoidc"
    )
    state_days: int = Field(30, ge=7, le=365, description="Days that deleted state can be recovered")
    forwarder_days: int = Field(
        180,
        ge=1,
        le=180,
        description="Days that a secret of the log forwarder is good",
        json_schema_extra=must("must be 1 to 180 days: a secret that lives longer is forgotten"),
    )
    page_addresses: tuple[str, ...] = Field(
        (), description="https addresses of the page that people sign in from, beside site.customDomain"
    )
