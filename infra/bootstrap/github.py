"""GitHub: the two identities that its runs sign in as without a secret, and what each of them may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from infra.bootstrap.arm import Arm
from infra.bootstrap.grant_step import GrantStep
from infra.bootstrap.place import DEPLOY, PREVIEW, Place
from infra.bootstrap.resource_step import Change, ResourceStep
from infra.bootstrap.rights import (
    BLOB_CONTRIBUTOR,
    BLOB_READER,
    CONTRIBUTOR,
    CRYPTO_USER,
    GRANTED_BY_PROGRAM,
    PULLS_ONLY,
    ROLE_ADMINISTRATOR,
    definition_id,
    may_grant_only,
    preview_role,
    preview_role_id,
)
from infra.tags import tags
from stacks.settings import StackSettings
from stacks.settings.cloud import RegistryMode

IDENTITIES = "2023-01-31"
ROLES = "2022-04-01"
ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "api://AzureADTokenExchange"
CONCURRENT = frozenset({"409"})
"""Azure takes one write of federated credentials of an identity at a time."""


def repositories(settings: StackSettings) -> dict[str, str]:
    """How GitHub names the repository in a subject: by names, and since June 2026 for new ones by names and ids."""
    ours = settings.bootstrap
    return {
        "": f"repo:{ours.github_owner}/{ours.github_repository}",
        "-by-id": (
            f"repo:{ours.github_owner}-{ours.github_owner_id}/{ours.github_repository}-{ours.github_repository_id}"
        ),
    }


def subjects(settings: StackSettings, role: str) -> dict[str, str]:
    """Subjects of an identity by the names of their credentials: who deploys runs in the environment, who looks in a
    pull request or, for drift, on the branch.
    """
    ours = settings.bootstrap
    kinds = {
        DEPLOY: {"environment": f"environment:{ours.github_environment or settings.stack}"},
        PREVIEW: {"pull-request": "pull_request", "branch": f"ref:refs/heads/{ours.github_branch}"},
    }
    return {
        f"github-{kind}{form}": f"{repository}:{rest}"
        for kind, rest in kinds[role].items()
        for form, repository in repositories(settings).items()
    }


def principal(arm: Arm, id_: str) -> Callable[[], str | None]:
    """Object id of a managed identity when it is asked for; None while there is none. It never changes."""
    known: list[str] = []

    def ask() -> str | None:
        if not known and (found := arm.get(id_, IDENTITIES)):
            known.append(str(found["properties"]["principalId"]))
        return known[0] if known else None

    return ask


def identities(arm: Arm, place: Place) -> Iterator[ResourceStep]:
    """Both identities, then their credentials one after another."""
    settings, names = place.settings, place.names
    body = {"location": settings.azure.location, "tags": tags(settings)}
    cure = "set azure.location to that, or delete it by hand"
    for role in (DEPLOY, PREVIEW):
        title, id_ = f"identity {names.identity(role)}", place.github_identity(role)
        yield ResourceStep(f"{role}-identity", title, arm, id_, IDENTITIES, body, fixed={"location": cure})
    for role in (DEPLOY, PREVIEW):
        for name, subject in subjects(settings, role).items():
            yield ResourceStep(
                f"{role}-{name}",
                f"{names.identity(role)} trusts {subject}",
                arm,
                f"{place.github_identity(role)}/federatedIdentityCredentials/{name}",
                IDENTITIES,
                {"properties": {"issuer": ISSUER, "subject": subject, "audiences": [AUDIENCE]}},
                Change.PUT,
                again=CONCURRENT,
            )


def rights(arm: Arm, place: Place) -> Iterator[ResourceStep | GrantStep]:
    """The role for looking, and what each identity may do."""
    role_id = preview_role_id(place)
    principals = {role: principal(arm, place.github_identity(role)) for role in (DEPLOY, PREVIEW)}
    definition = definition_id(place, role_id)
    body = preview_role(place)
    title = f"role {body['properties']['roleName']}"
    yield ResourceStep("preview-role", title, arm, definition, ROLES, body, Change.PUT)

    def grant(role: str, what: str, scope: str, granted: str, condition: str = "") -> GrantStep:
        title, step = f"{place.names.identity(role)}: {what}", f"{role}-{what.replace(' ', '-').lower()}"
        definition = definition_id(place, granted)
        return GrantStep(step, title, arm, scope, definition, principals[role], condition=condition)

    group, shared = place.platform_group, shared_registry(place.settings)
    yield grant(DEPLOY, "contributor of the platform", group, CONTRIBUTOR)
    only = may_grant_only(GRANTED_BY_PROGRAM)
    yield grant(DEPLOY, "grants of the program", group, ROLE_ADMINISTRATOR, only)
    if shared:
        yield grant(DEPLOY, "grants of pulls", shared, ROLE_ADMINISTRATOR, may_grant_only(PULLS_ONLY))
        yield grant(PREVIEW, "reads of the shared registry", shared, role_id)
    yield grant(DEPLOY, "writes the state", place.state_container, BLOB_CONTRIBUTOR)
    yield grant(DEPLOY, "uses the key", place.key, CRYPTO_USER)
    yield grant(PREVIEW, "reads of the platform", group, role_id)
    # A preview takes no lock and writes nothing: whoever opens a pull request must not be able to change the state.
    yield grant(PREVIEW, "reads the state", place.state_container, BLOB_READER)
    yield grant(PREVIEW, "uses the key", place.key, CRYPTO_USER)


def shared_registry(settings: StackSettings) -> str:
    """Id of the registry of another stack that this one pulls from; "" for an own one."""
    return settings.registry.id if settings.registry.mode is RegistryMode.SHARED else ""
