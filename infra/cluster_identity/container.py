"""Container: the public place of the issuer's documents. Writes two blobs with a credential; reads without one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.storage.blob import ContainerClient, ContentSettings

from infra import web
from infra.cluster_identity.comparison import Published
from infra.cluster_identity.documents import DISCOVERY, KEY_SET, Documents, as_text

SECONDS = 10.0
FRESH_SECONDS = 300
"""How long a reader may keep a document: short, so that a changed key is known soon."""


class NotPublished(Exception):
    """The documents could not be written or read; the message is one sentence with the cure."""


_AZURE_BLOBS = (".core.windows.net", ".core.usgovcloudapi.net", ".core.chinacloudapi.cn", ".storage.azure.net")
_EMULATED = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Place:
    """Where an issuer's documents lie: a blob container, and the folder in it."""

    container_url: str
    folder: str

    @classmethod
    def of(cls, issuer: str) -> Place:
        """The place that an issuer's URL names. Raises NotPublished where it cannot be a container's."""
        url = httpx.URL(issuer)
        segments = [part for part in url.path.split("/") if part]
        account = 1 if url.host in _EMULATED else 0  # an emulator has the account as its first segment
        known = url.host in _EMULATED or url.host.endswith(_AZURE_BLOBS)
        if url.scheme != "https" or not known or len(segments) <= account:
            raise NotPublished(
                f"{issuer} is no container of blobs (https://ACCOUNT…/CONTAINER), so nothing is published there from "
                "here: put the two documents of --write there by hand"
            )
        base = str(url.copy_with(raw_path=("/" + "/".join(segments[: account + 1])).encode()))
        return cls(base, "".join(f"{part}/" for part in segments[account + 1 :]))


def publish(documents: Documents, credential: TokenCredential) -> None:
    """Write both documents, keys first, over what is there. Raises NotPublished."""
    place = Place.of(documents.issuer)
    settings = ContentSettings(content_type="application/json", cache_control=f"public, max-age={FRESH_SECONDS}")
    try:
        with ContainerClient.from_container_url(place.container_url, credential=credential) as container:
            for path, document in documents.by_path().items():
                container.upload_blob(
                    place.folder + path,
                    as_text(document).encode(),
                    overwrite=True,
                    content_settings=settings,
                    connection_timeout=SECONDS,
                )
    except ClientAuthenticationError as error:
        raise NotPublished(f"{place.container_url} takes no sign-in from here: run 'az login'") from error
    except ResourceNotFoundError as error:
        raise NotPublished(f"{place.container_url} is not there: 'spy bootstrap' makes it") from error
    except HttpResponseError as error:
        raise NotPublished(
            f"{place.container_url} refused to be written ({error.status_code} {error.reason}): it takes the role "
            "Storage Blob Data Contributor, which 'spy bootstrap' grants"
        ) from error
    except AzureError as error:
        raise NotPublished(f"{place.container_url} cannot be reached ({type(error).__name__})") from error


def published(issuer: str, *, client: httpx.Client | None = None) -> Published:
    """Both documents as Azure reads them: over the open internet, signed in as nobody. Raises NotPublished."""
    with client or web.client(NotPublished, timeout=SECONDS) as asking:
        return Published(_read(asking, f"{issuer}/{DISCOVERY}"), _read(asking, f"{issuer}/{KEY_SET}"))


def _read(client: httpx.Client, url: str) -> dict[str, Any] | None:
    try:
        answer = client.get(url)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:  # ValueError: a host that is no name
        why = str(error) or type(error).__name__
        raise NotPublished(f"{url} cannot be reached ({why}): is cluster.issuer right?") from error
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    if answer.is_server_error:
        raise NotPublished(f"{url} answers {answer.status_code}: run this again later")
    if answer.status_code != httpx.codes.OK:
        raise NotPublished(
            f"{url} answers {answer.status_code} to who is not signed in, and Azure never is: make the container "
            "public, as 'spy bootstrap' does"
        )
    try:
        document = json.loads(answer.content)
    except (ValueError, RecursionError) as error:
        raise NotPublished(f"{url} holds something that is no JSON: is cluster.issuer right?") from error
    return document if isinstance(document, dict) else None
