"""Registry: whether it answers and holds the images that the stack is pinned to. Pulls nothing."""

from __future__ import annotations

from azure.core.credentials import TokenCredential

from infra.bootstrap.arm import Arm
from infra.bootstrap.person import MANAGEMENT
from infra.bootstrap.place import Place
from infra.doctor.finding import Finding, State, missing, ok
from infra.images import REPOSITORIES
from infra.registry_client import AZURES, AzureLogin, Login, RegistryClient, RegistryRefused, Visitor, asking
from stacks.settings import Layer, StackSettings
from stacks.settings.cloud import RegistryMode
from stacks.settings.platform import UNRESOLVED, ImageSource

REGISTRIES = "2023-07-01"


def registry(settings: StackSettings, credential: TokenCredential, arm: Arm) -> list[Finding]:
    """The registry, and each pinned image in it."""
    place = Place(settings)
    own = settings.registry.mode is RegistryMode.OWN and settings.includes(Layer.CLOUD)
    if own and arm.get(place.registry, REGISTRIES, f"the registry {place.names.registry}") is None:
        found = f"{place.names.registry} is not there yet"
        return [Finding("registry", State.UNKNOWN, found, "The first up of the cloud layer makes it.", elsewhere=True)]
    host = place.names.registry_host
    azures = host.endswith(AZURES)
    login: Login = (
        AzureLogin(lambda: credential.get_token(MANAGEMENT).token, settings.azure.tenant_id) if azures else Visitor()
    )
    with asking(host, login) as client:
        try:
            client.ping()
        except RegistryRefused as refused:
            return [missing("registry", str(refused), "Start it, or correct registry.host.")]
        return [ok("registry", f"{host} answers"), *_images(settings, client)]


def _images(settings: StackSettings, client: RegistryClient) -> list[Finding]:
    """One finding for each digest that the settings pin; built images are pushed by the run itself."""
    if settings.images.source is ImageSource.BUILD:
        return []
    pinned = {key: str(getattr(settings.images, key)) for key in REPOSITORIES}
    return [_image(client, key, digest) for key, digest in pinned.items() if digest != UNRESOLVED]


def _image(client: RegistryClient, key: str, digest: str) -> Finding:
    name = f"image {REPOSITORIES[key]}"
    try:
        client.digest(REPOSITORIES[key], digest)
    except RegistryRefused as refused:
        do = "Copy it from the registry of the stack that ran it, which keeps the digest (docs/promotion.md)."
        return missing(name, str(refused), do) if refused.absent else Finding(name, State.UNKNOWN, str(refused), do)
    return ok(name, digest)
