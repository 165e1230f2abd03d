"""Web app rules: encrypted, signed in as an identity, without passwords, its image by digest."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policies.images import why_movable
from infra.policies.rule import Rule, demand, rule, shown
from infra.policies.subject import Subject, is_known

APP = "azure-native:web:WebApp"
IDENTITIES = ("UserAssigned", "SystemAssigned", "SystemAssigned, UserAssigned")
MODERN_TLS = ("1.2", "1.3")


@rule("webapp-https", APP, says="A web app answers over https only")
def https_only(one: Subject) -> Iterator[str]:
    """No plain http."""
    yield from demand(one, "httpsOnly", True, cure="say true")


@rule("webapp-tls", APP, says="A web app and its deployment site take TLS 1.2 or newer")
def tls(one: Subject) -> Iterator[str]:
    """Both sites of the app."""
    yield from demand(one, "siteConfig.minTlsVersion", *MODERN_TLS, cure="say 1.2")
    yield from demand(one, "siteConfig.scmMinTlsVersion", *MODERN_TLS, None, cure="say 1.2")


@rule("webapp-no-ftp", APP, says="A web app takes no files by FTP")
def no_ftp(one: Subject) -> Iterator[str]:
    """Neither FTP nor FTPS."""
    yield from demand(one, "siteConfig.ftpsState", "Disabled", cure="say Disabled")


@rule(
    "webapp-no-passwords",
    "azure-native:web:WebAppFtpAllowed",
    "azure-native:web:WebAppScmAllowed",
    says="A web app has no publishing passwords",
)
def no_passwords(one: Subject) -> Iterator[str]:
    """Both kinds of basic sign-in shut."""
    yield from demand(one, "allow", False, cure="say false")


@rule("webapp-identity", APP, says="A web app signs in as a managed identity, to the registry too")
def has_identity(one: Subject) -> Iterator[str]:
    """An identity, and the pull by it."""
    kind = one.get("identity.type")
    if is_known(kind) and kind not in IDENTITIES:
        yield f"identity.type is {shown(kind)}: give it a user-assigned identity"
    yield from demand(one, "siteConfig.acrUseManagedIdentityCreds", True, cure="say true, and grant AcrPull")


@rule("webapp-image-by-digest", APP, says="A web app runs an image by digest")
def by_digest(one: Subject) -> Iterator[str]:
    """The reference after `DOCKER|`."""
    version = one.get("siteConfig.linuxFxVersion")
    if isinstance(version, str) and is_known(version):
        why = why_movable(version.removeprefix("DOCKER|"))
        if why:
            yield f"siteConfig.linuxFxVersion {why}"


RULES: tuple[Rule, ...] = (https_only, tls, no_ftp, no_passwords, has_identity, by_digest)
