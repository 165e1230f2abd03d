"""A registry for tests, as strict as the real ones: tokens by scope, indexes only for who asks.

Follows the OCI distribution specification: 401 with a bearer challenge, 404 with an error body, tags in pages, 429.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.infra.loopback_http import Answer, Asked, Loopback, serving

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SERVICE = "registry.test"
PAGE = 2


@dataclass
class Registry:
    """What lies in it, and how it behaves. `user`: USER:PASSWORD who alone may read; `azure`: whose login is taken."""

    images: dict[tuple[str, str], bytes] = field(default_factory=dict)
    user: str = ""
    azure: str = ""
    silent_digests: bool = False
    busy: int = 0
    """So many answers to come are 429."""
    retry_after: str = "0"
    realm: str = ""
    loopback: Loopback | None = None

    @property
    def host(self) -> str:
        """HOST:PORT."""
        assert self.loopback is not None
        return self.loopback.address.removeprefix("http://")

    def push(self, repository: str, tag: str, content: str = "") -> str:
        """Put an index under a tag; its digest."""
        child = digest_of(manifest(f"{repository}:{tag} {content}"))
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"digest": child}]}).encode()
        self.images[repository, tag] = body
        self.images[repository, digest_of(body)] = body
        return digest_of(body)

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/token":
            return self._token(asked)
        if asked.path in {"/oauth2/exchange", "/oauth2/token"}:
            return self._azure_token(asked)
        parts = asked.path.split("/")
        if parts[1] != "v2" or asked.method not in {"GET", "HEAD"}:
            return Answer(404)
        kind = "tags" if parts[-2:] == ["tags", "list"] else "manifests"
        repository = "/".join(parts[2:-2])
        if asked.headers.get("authorization") != f"Bearer {token_for(f'repository:{repository}:pull')}":
            return self._challenge(repository)
        if self.busy:
            self.busy -= 1
            return Answer(429, {"errors": [{"code": "TOOMANYREQUESTS"}]}, {"Retry-After": self.retry_after})
        return self._tags(repository, asked) if kind == "tags" else self._manifest(repository, parts[-1], asked)

    def _challenge(self, repository: str) -> Answer:
        assert self.loopback is not None
        path = "/oauth2/token" if self.azure else "/token"
        realm = self.realm or f"{self.loopback.address}{path}"
        told = f'Bearer realm="{realm}",service="{SERVICE}",scope="repository:{repository}:pull"'
        return Answer(401, {"errors": [{"code": "UNAUTHORIZED"}]}, {"WWW-Authenticate": told})

    def _token(self, asked: Asked) -> Answer:
        own = f"Basic {base64.b64encode(self.user.encode()).decode()}"
        if asked.query.get("service") != SERVICE or (self.user and asked.headers.get("authorization") != own):
            return Answer(401, {"details": "incorrect username or password"})
        return Answer(200, {"token": token_for(asked.query.get("scope", "")), "expires_in": 300})

    def _azure_token(self, asked: Asked) -> Answer:
        form = asked.form() if asked.method == "POST" else {}
        if form.get("service") != SERVICE or not self.azure:
            return Answer(400, {"errors": [{"code": "BAD_REQUEST"}]})
        if asked.path == "/oauth2/exchange":
            good = (form.get("grant_type"), form.get("access_token"), bool(form.get("tenant"))) == (
                "access_token",
                self.azure,
                True,
            )
            return Answer(200, {"refresh_token": "a-refresh-token"}) if good else Answer(401, {"errors": []})
        good = (form.get("grant_type"), form.get("refresh_token")) == ("refresh_token", "a-refresh-token")
        return Answer(200, {"access_token": token_for(form["scope"])}) if good else Answer(401, {"errors": []})

    def _manifest(self, repository: str, reference: str, asked: Asked) -> Answer:
        body = self.images.get((repository, reference))
        if body is None:
            return Answer(404, {"errors": [{"code": "MANIFEST_UNKNOWN"}]})
        kind = INDEX
        if INDEX not in asked.headers.get("accept", ""):  # one machine's manifest, whose digest is another
            body, kind = manifest(repository), MANIFEST
        told = {} if self.silent_digests else {"Docker-Content-Digest": digest_of(body)}
        return Answer(200, body, {"Content-Type": kind, "Content-Length": str(len(body)), **told})

    def _tags(self, repository: str, asked: Asked) -> Answer:
        tags = sorted(tag for name, tag in self.images if name == repository and ":" not in tag)
        if not tags:
            return Answer(404, {"errors": [{"code": "NAME_UNKNOWN"}]})
        after = [tag for tag in tags if tag > asked.query.get("last", "")]
        page = after[:PAGE]
        link = f'</v2/{repository}/tags/list?last={page[-1]}&n={PAGE}>; rel="next"'
        return Answer(200, {"name": repository, "tags": page}, {"Link": link} if len(after) > PAGE else {})


def manifest(content: str) -> bytes:
    """The manifest of one machine's image."""
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": {"digest": content}}).encode()


def digest_of(body: bytes) -> str:
    """What a registry calls it."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def token_for(scope: str) -> str:
    """A token that is good for one scope."""
    return hashlib.sha256(scope.encode()).hexdigest()[:16]


@contextmanager
def running_registry(**behaviour: object) -> Iterator[Registry]:
    """A registry on a free loopback port until the end."""
    registry = Registry(**behaviour)  # type: ignore[arg-type]
    with serving(registry) as loopback:
        registry.loopback = loopback
        yield registry
