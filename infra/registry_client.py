"""RegistryClient: asks a registry what a tag stands for, by its HTTP API. Pulls nothing."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from infra import web

SECONDS = 20.0
PATIENCE_SECONDS = 60.0
"""How long a registry that asks for a pause (429) is waited for, all its pauses together."""

MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
"""Indexes first: a registry that is not asked for them answers with one machine's manifest, whose digest is another."""

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
AZURES = ".azurecr.io"
PAGES_MAX = 1_000
LOOPBACK = ("127.0.0.1", "localhost", "::1")


_UNREACHED = (httpx.HTTPError, httpx.InvalidURL, UnicodeError)  # the last: a host that is no name


class RegistryRefused(Exception):
    """A registry did not say what was asked; one sentence with the cure. `absent`: it said that there is none."""

    def __init__(self, message: str, *, absent: bool = False) -> None:
        super().__init__(message)
        self.absent = absent


@dataclass(frozen=True)
class Challenge:
    """Where a token is to be had, for what (RFC 6750, and the registry's token specification)."""

    realm: str
    service: str
    scope: str


class Login(Protocol):
    """Who asks. Gives a token for a challenge, over the client it is handed."""

    def token(self, client: httpx.Client, challenge: Challenge) -> str:
        """A bearer token. Raises RegistryRefused."""
        ...


@dataclass(frozen=True, repr=False)
class Visitor:
    """Anybody, or a user with a password."""

    user: str = ""
    password: str = ""

    def token(self, client: httpx.Client, challenge: Challenge) -> str:
        """What the token service gives for a GET."""
        asked = {name: value for name, value in (("service", challenge.service), ("scope", challenge.scope)) if value}
        own = httpx.BasicAuth(self.user, self.password) if self.user else None
        return _token(client.get(challenge.realm, params=asked, auth=own), challenge)


@dataclass(frozen=True, repr=False)
class AzureLogin:
    """Whoever is signed in to Azure, at a registry of Azure's: their token is exchanged for the registry's own."""

    access_token: Callable[[], str]
    tenant_id: str

    def token(self, client: httpx.Client, challenge: Challenge) -> str:
        """By /oauth2/exchange and /oauth2/token, as `az acr login` does."""
        place = httpx.URL(challenge.realm)
        if place.host not in LOOPBACK and not place.host.endswith(AZURES):
            raise RegistryRefused(f"{place.host} asks for an Azure sign-in and is no registry of Azure's: not done")
        first = client.post(
            place.copy_with(path="/oauth2/exchange", query=None),
            data={
                "grant_type": "access_token",
                "service": challenge.service,
                "tenant": self.tenant_id,
                "access_token": self.access_token(),
            },
        )
        refresh = _field(first, "refresh_token", challenge)
        second = client.post(
            challenge.realm,
            data={
                "grant_type": "refresh_token",
                "service": challenge.service,
                "scope": challenge.scope,
                "refresh_token": refresh,
            },
        )
        return _token(second, challenge)


class RegistryClient:
    """One registry, asked as one login."""

    def __init__(
        self, host: str, client: httpx.Client, login: Login, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._host, self._client, self._login, self._sleep = host, client, login, sleep
        plain = httpx.URL(f"http://{host}").host in LOOPBACK
        self._base = f"{'http' if plain else 'https'}://{host}/v2"
        self._tokens: dict[str, str] = {}

    def digest(self, repository: str, reference: str) -> str:
        """Digest of the index or manifest that a tag or digest stands for. Raises RegistryRefused."""
        separator = "@" if DIGEST.fullmatch(reference) else ":"
        what = f"{self._host}/{repository}{separator}{reference}"
        path = f"/{repository}/manifests/{reference}"
        answer = self._ask("HEAD", path, repository, what, {"Accept": MANIFESTS})
        told = str(answer.headers.get("Docker-Content-Digest", ""))
        if not told:  # the header is only recommended: what is hashed by oneself is as good
            answer = self._ask("GET", path, repository, what, {"Accept": MANIFESTS})
            told = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
        if not DIGEST.fullmatch(told):
            raise RegistryRefused(f"{what} is said to be {told!r}, which is no sha256 digest: is that a registry?")
        return told

    def ping(self) -> None:
        """Whether a registry answers at all, sign-in or not. Raises RegistryRefused."""
        try:
            answer = self._client.get(f"{self._base}/")
        except _UNREACHED as error:
            raise RegistryRefused(f"{self._host} cannot be reached ({str(error) or type(error).__name__})") from error
        if answer.status_code not in {httpx.codes.OK, httpx.codes.UNAUTHORIZED}:
            raise RegistryRefused(f"{self._host} answered {answer.status_code} to /v2/: is that a registry?")

    def tags(self, repository: str) -> list[str]:
        """Every tag of a repository, over all pages. Raises RegistryRefused."""
        path, found = f"/{repository}/tags/list", []
        for _ in range(PAGES_MAX):
            answer = self._ask("GET", path, repository, f"{self._host}/{repository}", {})
            found += [str(tag) for tag in _object(answer).get("tags") or ()]
            path = _next_page(answer).removeprefix("/v2")
            if not path:
                return found
        raise RegistryRefused(f"{self._host}/{repository} has tags without end: is that a registry?")

    def _ask(self, method: str, path: str, repository: str, what: str, headers: Mapping[str, str]) -> httpx.Response:
        """One answer of 200, signed in where the registry wants that, waited for where it asks to."""
        patience = PATIENCE_SECONDS
        try:
            while True:
                own = {"Authorization": self._tokens[repository]} if repository in self._tokens else {}
                answer = self._client.request(method, self._base + path, headers={**headers, **own})
                if answer.status_code == httpx.codes.UNAUTHORIZED and not own:
                    self._tokens[repository] = self._authorization(answer, what)
                elif answer.status_code == httpx.codes.TOO_MANY_REQUESTS and patience > 0:
                    pause = _pause(answer)
                    if pause > patience:
                        raise RegistryRefused(f"{what}: the registry asks to wait {pause:.0f} s: run this again then")
                    self._sleep(pause)
                    patience -= max(pause, 1.0)
                else:
                    return _granted(answer, what)
        except _UNREACHED as error:
            why = str(error) or type(error).__name__
            told = f"{what}: the registry cannot be reached ({why}): is its host right, the line up?"
            raise RegistryRefused(told) from error

    def _authorization(self, answer: httpx.Response, what: str) -> str:
        kind, _, parameters = answer.headers.get("WWW-Authenticate", "").partition(" ")
        told = dict(_PARAMETER.findall(parameters))
        realm = told.get("realm", "")
        if kind.lower() != "bearer" or not realm:
            raise RegistryRefused(f"{what}: the registry wants a sign-in of an unknown kind ({kind or 'none'})")
        url = httpx.URL(realm)
        if url.scheme != "https" and url.host not in LOOPBACK:
            raise RegistryRefused(f"{what}: the registry wants a sign-in over plain http, at {url.host}: not done")
        challenge = Challenge(realm, told.get("service", ""), told.get("scope", ""))
        token = self._login.token(self._client, challenge)
        if not re.fullmatch(r"[!-~]+", token):  # an error of a header's would show it
            raise RegistryRefused(f"{what}: {url.host} gives a token that is none: is that a registry?")
        return f"Bearer {token}"


def _granted(answer: httpx.Response, what: str) -> httpx.Response:
    if answer.status_code == httpx.codes.OK:
        return answer
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise RegistryRefused(f"{what} is not in the registry: correct the name, or push it", absent=True)
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise RegistryRefused(
            f"{what}: the registry does not let you read it ({answer.status_code}): sign in as who may"
        )
    raise RegistryRefused(f"{what}: the registry answered {answer.status_code}: run this again later")


def _pause(answer: httpx.Response) -> float:
    """Seconds that a 429 asks for; a second where it does not say."""
    told = answer.headers.get("Retry-After", "")
    return float(told) if re.fullmatch(r"[0-9]{1,9}", told) else 1.0


def _next_page(answer: httpx.Response) -> str:
    """Path of the next page of tags (RFC 5988, as the specification has it); empty on the last."""
    link = re.fullmatch(r'<([^>]+)>; *rel="?next"?', answer.headers.get("Link", ""))
    return httpx.URL(link[1]).raw_path.decode("ascii") if link else ""


def _token(answer: httpx.Response, challenge: Challenge) -> str:
    told = _object(answer) if answer.status_code == httpx.codes.OK else {}
    return str(told["token"]) if told.get("token") else _field(answer, "access_token", challenge)


def _field(answer: httpx.Response, name: str, challenge: Challenge) -> str:
    if answer.status_code != httpx.codes.OK or not _object(answer).get(name):
        host = httpx.URL(challenge.realm).host
        raise RegistryRefused(
            f"{host} gives no token for {challenge.scope or 'this'} ({answer.status_code}): sign in anew"
        )
    return str(_object(answer)[name])


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise RegistryRefused(f"{answer.url.host} answered with something that is no object: is that a registry?")
    return told


@contextmanager
def asking(host: str, login: Login | None = None) -> Iterator[RegistryClient]:
    """A registry by its host, HOST[:PORT]; plain http on loopback only."""
    with web.client(RegistryRefused, timeout=SECONDS, follow_redirects=True) as client:
        yield RegistryClient(host, client, login or Visitor())
