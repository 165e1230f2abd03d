"""`spy cluster identity` with a real API server: the arguments it prints, the tokens that are then minted, the keys."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import jwt
import pytest
from azure.storage.blob import PublicAccess
from typer.testing import CliRunner

from infra.cli import app
from infra.cluster_identity import issuer as issuer_module
from infra.cluster_identity.documents import DISCOVERY, api_server_arguments
from tests.cluster.control_plane import ControlPlane, Options, running_control_plane
from tests.infra.azurite_signed_in import Person, signed_in_blobs
from tests.infra.loopback_tls import Certificate, certificate
from tests.infra.projects import project

AUDIENCE = "api://AzureADTokenExchange"
"""What Entra takes a federated token for."""


@dataclass(frozen=True)
class Issuer:
    """A public container for the documents, and the certificate that everybody here trusts."""

    url: str
    tls: Certificate

    def keys_by_discovery(self) -> jwt.PyJWKSet:
        """The keys as Entra finds them: by the issuer's URL alone, signed in as nobody."""
        with httpx.Client(verify=self.tls.client_context()) as anybody:
            discovery = anybody.get(f"{self.url}/{DISCOVERY}").json()
            assert discovery["issuer"] == self.url
            return jwt.PyJWKSet.from_dict(anybody.get(discovery["jwks_uri"]).json())


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    tls = certificate(tmp_path_factory.mktemp("tls"))
    with signed_in_blobs(tls) as blobs:
        yield Issuer(blobs.container("issuer-documents", PublicAccess.BLOB), tls)


@contextmanager
def restarted_with_the_arguments(folder: Path, issuer: Issuer) -> Iterator[ControlPlane]:
    """An API server that was given what the command prints for k3s, on a new key of its own."""
    told = [argument.split("=", 1) for argument in api_server_arguments(issuer.url)]
    issuers = [value for name, value in told if name == "service-account-issuer"]
    jwks_uri = next(value for name, value in told if name == "service-account-jwks-uri")
    with running_control_plane(folder, Options(issuers=issuers, jwks_uri=jwks_uri)) as plane:
        yield plane


@pytest.fixture(scope="module")
def trusted(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with restarted_with_the_arguments(tmp_path_factory.mktemp("trusted"), issuer) as plane:
        yield plane


@pytest.fixture
def identity(issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Identity:
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(variable, str(issuer.tls.certificate))
    monkeypatch.setattr(issuer_module, "credential", Person)
    return Identity(issuer, tmp_path / "project", monkeypatch)


@dataclass(frozen=True)
class Identity:
    """Runs the command for a prod whose cluster is a given one."""

    issuer: Issuer
    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def run(self, plane: ControlPlane, *arguments: str) -> tuple[int, list[str]]:
        """Exit code, and what was said."""
        cluster = {"context": plane.context, "uid": plane.uid, "issuer": self.issuer.url}
        self.monkeypatch.setattr(issuer_module, "ROOT", project(self.folder, "prod", cluster=cluster))
        self.monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
        result = CliRunner().invoke(app, ["cluster", "identity", "prod", *arguments])
        return result.exit_code, (result.stdout + result.stderr).splitlines()


def test_a_token_minted_by_the_api_server_verifies_by_the_published_documents(
    identity: Identity, trusted: ControlPlane
) -> None:
    code, said = identity.run(trusted, "--apply")
    assert code == 0, said
    token = trusted.token("default", "default", audiences=[AUDIENCE], seconds=600)
    key = identity.issuer.keys_by_discovery()[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=identity.issuer.url)
    assert claims["sub"] == "system:serviceaccount:default:default"
    assert claims["exp"] <= time.time() + 660
    head, body, signature = token.split(".")
    changed = ("B" if signature.startswith("A") else "A") + signature[1:]
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(f"{head}.{body}.{changed}", key, algorithms=["RS256"], audience=AUDIENCE)
    for wrong in ({"audience": "api://another"}, {"audience": AUDIENCE, "issuer": "https://another.example"}):
        with pytest.raises(jwt.InvalidTokenError):
            jwt.decode(token, key, algorithms=["RS256"], **wrong)  # type: ignore[arg-type]


def test_what_is_rendered_is_what_the_api_server_itself_serves(identity: Identity, trusted: ControlPlane) -> None:
    """Member by member: ids of keys and documents made from the public key file are the API server's own."""
    identity.run(trusted, "--apply")
    code, said = identity.run(trusted, "--check", "--public-key", str(trusted.public_key))
    assert (code, said[-1].partition(" publishes")[0]) == (0, identity.issuer.url)
    served = trusted.admin.request("GET", f"/{DISCOVERY}").body
    with httpx.Client(verify=identity.issuer.tls.client_context()) as anybody:
        assert anybody.get(f"{identity.issuer.url}/{DISCOVERY}").json() == served


def test_tokens_inside_the_cluster_stay_good_after_the_change(trusted: ControlPlane) -> None:
    """The API server takes its own tokens, and still those of the issuer that pods were given tokens by before."""
    assert trusted.as_service_account("default", "default").request("GET", "/api").body["kind"] == "APIVersions"
    assert len(trusted.options.issuers) == 2


def test_a_cluster_with_changed_keys_is_one_sentence_and_cured_by_what_it_names(
    identity: Identity, trusted: ControlPlane, tmp_path: Path
) -> None:
    assert identity.run(trusted, "--apply")[0] == 0
    with restarted_with_the_arguments(tmp_path / "changed", identity.issuer) as changed:
        code, said = identity.run(changed, "--check")
        assert code == 2
        assert [line.partition(":")[0] for line in said] == [
            "k3s has changed keys",
            f"k3s no longer has the key {next(iter(identity.issuer.keys_by_discovery().keys)).key_id}, which is still "
            "published and trusted",
        ]
        assert all("'spy cluster identity prod --apply'" in line for line in said)
        assert identity.run(changed, "--apply")[0] == 0
        assert identity.run(changed, "--check")[0] == 0


def test_a_cluster_that_was_not_given_the_arguments_is_told_to_be(identity: Identity, cluster: ControlPlane) -> None:
    code, said = identity.run(cluster, "--apply")
    assert code == 2
    assert said[-1].startswith(f"the API server signs as {cluster.options.issuers[0]} and not as cluster.issuer")
    assert f"  - service-account-issuer={identity.issuer.url}" in said
