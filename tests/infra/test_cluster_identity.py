"""`spy cluster identity` against an API server's answers and a real blob service: rendered, published, compared."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import yaml
from azure.storage.blob import PublicAccess
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from typer.testing import CliRunner

from infra import cluster_reader
from infra.cli import app
from infra.cluster_identity import issuer as issuer_module
from infra.cluster_identity.documents import DISCOVERY, IN_CLUSTER, KEY_SET, Documents, api_server_arguments, k3s_file
from infra.cluster_identity.keys import KeysRefused, from_files, from_key_set
from tests.infra.api_server import TOKEN, ApiServer
from tests.infra.azurite_signed_in import Blobs, Person, signed_in_blobs
from tests.infra.loopback_http import Answer, serving
from tests.infra.loopback_tls import Certificate, certificate
from tests.infra.projects import kubeconfig, project
from tests.stacks.builders import UID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
ISSUER = "https://spyissuer.blob.core.windows.net/issuer-documents"
CONTAINER = "issuer-documents"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def blobs(tls: Certificate) -> Iterator[Blobs]:
    with signed_in_blobs(tls) as running:
        yield running


@pytest.fixture(scope="module")
def signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_file(path: Path, *keys: PrivateKey) -> Path:
    pem = (key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for key in keys)
    path.write_bytes(b"".join(pem))
    return path


def served_by(*keys: PrivateKey, folder: Path) -> dict[str, Any]:
    """The key set of an API server with these keys."""
    return Documents(ISSUER, from_files([public_file(folder / "served.pem", *keys)])).key_set


@dataclass
class Operator:
    """A person with a stack, a kubeconfig and a login."""

    cluster: ApiServer
    issuer: str

    def run(self, *arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, ["cluster", "identity", "prod", *arguments])
        return result.exit_code, result.stdout, result.stderr

    def told(self, *arguments: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.run(*arguments, "--json")[1])
        return answer


@pytest.fixture
def operator(
    tmp_path: Path, tls: Certificate, blobs: Blobs, signing_key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Operator]:
    url = blobs.container(f"{CONTAINER}-{uuid.uuid4()}", PublicAccess.BLOB)
    cluster = ApiServer(served_by(signing_key, folder=tmp_path))
    with ExitStack() as running:
        server = running.enter_context(serving(cluster, tls))
        path = kubeconfig(tmp_path / "kubeconfig", server.address, authority=tls.certificate, token=TOKEN)
        monkeypatch.setenv("KUBECONFIG", str(path))
        for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
            monkeypatch.setenv(variable, str(tls.certificate))
        folder = project(tmp_path / "project", "prod", cluster={"context": "home", "uid": UID, "issuer": url})
        monkeypatch.setattr(issuer_module, "ROOT", folder)
        monkeypatch.setattr(issuer_module, "credential", Person)
        yield Operator(cluster, url)


def restart_k3s_with_the_arguments(operator: Operator) -> None:
    """What k3s does with the arguments: it signs as the first issuer."""
    first = next(one for one in operator.told()["arguments"] if one.startswith("service-account-issuer="))
    operator.cluster.signs_as = first.partition("=")[2]


def test_a_stack_goes_from_nothing_to_tokens_that_verify_in_the_printed_order(operator: Operator) -> None:
    code, out, _ = operator.run()
    assert code == 2
    assert "publishes no documents" in out
    code, out, _ = operator.run("--apply")
    assert code == 2
    assert f"signs as {IN_CLUSTER} and not as cluster.issuer" in out
    assert "publishes no documents" not in out
    restart_k3s_with_the_arguments(operator)
    code, out, err = operator.run("--check")
    assert (code, err) == (0, "")
    assert "publishes what the cluster serves" in out


def test_a_token_verifies_by_what_anybody_can_read(
    operator: Operator, signing_key: rsa.RSAPrivateKey, tls: Certificate
) -> None:
    operator.run("--apply")
    kid = operator.cluster.key_set["keys"][0]["kid"]
    claims = {"iss": operator.issuer, "sub": "system:serviceaccount:spy-options-bot:backend", "aud": "api://A"}
    token = jwt.encode(claims, signing_key, "RS256", {"kid": kid})
    with httpx.Client(verify=tls.client_context()) as anybody:
        discovery = anybody.get(f"{operator.issuer}/{DISCOVERY}")
        keys = anybody.get(discovery.json()["jwks_uri"])
    assert discovery.headers["content-type"] == keys.headers["content-type"] == "application/json"
    key = jwt.PyJWKSet.from_dict(keys.json())[kid]
    verified = jwt.decode(token, key, algorithms=["RS256"], audience="api://A", issuer=discovery.json()["issuer"])
    assert verified["sub"] == claims["sub"]


def test_a_k3s_with_changed_keys_is_said_in_one_sentence_with_the_cure(operator: Operator, tmp_path: Path) -> None:
    operator.run("--apply")
    restart_k3s_with_the_arguments(operator)
    old = operator.cluster.key_set["keys"][0]
    new = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    operator.cluster.key_set = served_by(new, folder=tmp_path)
    operator.cluster.key_set["keys"].append(old)
    code, out, _ = operator.run("--check")
    assert code == 2
    kid = operator.cluster.key_set["keys"][0]["kid"]
    assert out.splitlines() == [
        f"k3s has changed keys: it serves the key {kid}, not published, and Azure refuses what it signs with that: "
        "'spy cluster identity prod --apply'"
    ]
    assert operator.run("--apply")[0] == 0
    operator.cluster.key_set["keys"].pop()
    code, out, _ = operator.run("--check")
    assert code == 2
    assert out.splitlines() == [
        f"k3s no longer has the key {old['kid']}, which is still published and trusted: "
        "'spy cluster identity prod --apply'"
    ]
    assert operator.run("--apply")[0] == 0


def test_a_second_publication_changes_nothing(operator: Operator, blobs: Blobs) -> None:
    container = operator.issuer.rpartition("/")[2]
    operator.run("--apply")
    first = {path: blobs.read(container, path) for path in (DISCOVERY, KEY_SET)}
    operator.run("--apply")
    assert first == {path: blobs.read(container, path) for path in (DISCOVERY, KEY_SET)}


def test_documents_that_somebody_changed_are_said_member_by_member(operator: Operator, blobs: Blobs) -> None:
    operator.run("--apply")
    restart_k3s_with_the_arguments(operator)
    container = operator.issuer.rpartition("/")[2]
    other = {**json.loads(blobs.read(container, DISCOVERY)), "jwks_uri": "https://elsewhere.example/jwks"}
    blobs.owner.get_blob_client(container, DISCOVERY).upload_blob(json.dumps(other), overwrite=True)
    found = operator.told("--check")["differences"]
    assert len(found) == 1
    assert "has jwks_uri 'https://elsewhere.example/jwks' where" in found[0]


def test_nothing_is_published_and_nothing_private_is_asked_without_apply(
    operator: Operator, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer_module, "credential", lambda: pytest.fail("signed in"))
    operator.run()
    operator.run("--check")
    assert not list(blobs.owner.get_container_client(operator.issuer.rpartition("/")[2]).list_blobs())


def test_the_arguments_sign_as_the_new_issuer_and_keep_taking_the_old_ones() -> None:
    before = "https://older.blob.core.windows.net/issuer-documents"
    arguments = yaml.safe_load(k3s_file(api_server_arguments(ISSUER, before)))["kube-apiserver-arg+"]
    assert arguments == [
        f"service-account-issuer={ISSUER}",
        f"service-account-issuer={before}",
        f"service-account-issuer={IN_CLUSTER}",
        f"service-account-jwks-uri={ISSUER}/openid/v1/jwks",
    ]
    assert api_server_arguments(ISSUER, ISSUER) == [arguments[0], arguments[2], arguments[3]]


def test_keys_of_files_are_what_an_api_server_makes_of_them(tmp_path: Path, signing_key: rsa.RSAPrivateKey) -> None:
    """Each verifies what its private half signs; ids are those of an API server, the digest of the key in DER."""
    keys: list[PrivateKey] = [
        signing_key,
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP521R1()),
    ]
    documents = Documents(ISSUER, from_files([public_file(tmp_path / "keys.pem", *keys)]))
    assert documents.discovery["id_token_signing_alg_values_supported"] == ["ES256", "ES512", "RS256"]
    for private, told in zip(keys, documents.keys, strict=True):
        token = jwt.encode({"iss": ISSUER}, private, told.algorithm, {"kid": told.kid})
        assert jwt.decode(token, jwt.PyJWKSet.from_dict(documents.key_set)[told.kid], [told.algorithm])["iss"] == ISSUER


def test_files_serve_where_no_cluster_answers(
    operator: Operator, tmp_path: Path, signing_key: rsa.RSAPrivateKey
) -> None:
    operator.cluster.answers = {"/api/v1/namespaces/kube-system": Answer(500)}
    pem = public_file(tmp_path / "public.pem", signing_key)
    assert operator.run("--public-key", str(pem), "--apply", "--write", str(tmp_path / "site"))[0] == 0
    assert json.loads((tmp_path / "site" / KEY_SET).read_text()) == operator.cluster.key_set
    assert json.loads((tmp_path / "site" / DISCOVERY).read_text())["issuer"] == operator.issuer


def test_a_private_key_is_refused_and_never_repeated(operator: Operator, tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    path = tmp_path / "service.key"
    path.write_bytes(private)
    code, out, err = operator.run("--public-key", str(path))
    assert (code, out) == (2, "")
    assert f"openssl pkey -in {path} -pubout" in err
    assert private.decode().splitlines()[1] not in err


def test_a_key_set_with_a_private_half_is_refused() -> None:
    with pytest.raises(KeysRefused, match="private half of the key one"):
        from_key_set({"keys": [{"kid": "one", "kty": "RSA", "alg": "RS256", "n": "AQ", "e": "AQAB", "d": "AQ"}]}, "it")


SIGNS = {"kid": "one", "kty": "RSA", "alg": "RS256", "n": "A" + "Q" * 341, "e": "AQAB"}


@pytest.mark.parametrize(
    ("different", "said"),
    [
        ({"n": "AQAB"}, "of 17 bits, which can be broken: rotate it to one of 2048 or more"),
        ({"n": ""}, "without its numbers n, e: take it from the API server anew"),
        ({"n": "AQABA"}, "without its numbers n, e"),
        ({"e": "no base64"}, "without its numbers n, e"),
        ({"kty": "EC", "alg": "ES256"}, "without its numbers x, y"),
        ({"alg": "none"}, "signs no tokens of an API server: give RSA or EC"),
        ({"kty": "OKP", "alg": "EdDSA"}, "signs no tokens of an API server: give RSA or EC"),
        ({"use": "enc"}, "signs no tokens of an API server: give RSA or EC"),
        ({"kid": "one\n  - anonymous-auth=true"}, "a key whose kid is no name"),
    ],
)
def test_a_key_that_nobody_should_trust_is_refused(different: dict[str, str], said: str) -> None:
    with pytest.raises(KeysRefused) as refused:
        from_key_set({"keys": [{**SIGNS, **different}]}, "it")
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_key_that_is_given_twice_is_published_once(tmp_path: Path, signing_key: rsa.RSAPrivateKey) -> None:
    path = public_file(tmp_path / "twice.pem", signing_key, signing_key)
    assert len(from_files([path, path])) == 1


def that_names_no_issuer(operator: Operator) -> None:
    operator.cluster.answers = {f"/{DISCOVERY}": Answer(200, json.dumps({"issuer": "https://a\n- b"}).encode())}


def of_another_cluster(operator: Operator) -> None:
    operator.cluster.uid = "00000000-0000-4000-8000-00000000beef"


def with_an_expired_token(operator: Operator) -> None:
    operator.cluster.answers = {"/api/v1/namespaces/kube-system": Answer(401)}


def without_the_right(operator: Operator) -> None:
    operator.cluster.answers = {f"/{KEY_SET}": Answer(403)}


def without_keys(operator: Operator) -> None:
    operator.cluster.key_set = {"keys": []}


def not_an_api_server(operator: Operator) -> None:
    operator.cluster.answers = {"/api/v1/namespaces/kube-system": Answer(200, b"<html>")}


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (of_another_cluster, "another cluster's keys are not published for this stack"),
        (with_an_expired_token, "renew the kubeconfig's certificate or token"),
        (without_the_right, "use an administrator's context"),
        (without_keys, "is no JSON Web Key Set with at least one key"),
        (not_an_api_server, "is it an API server?"),
        (that_names_no_issuer, "that names no issuer: is it k3s, and up to date?"),
    ],
)
def test_a_cluster_that_will_not_do_ends_with_one_sentence_and_publishes_nothing(
    operator: Operator, blobs: Blobs, happens: Callable[[Operator], None], said: str
) -> None:
    happens(operator)
    code, out, err = operator.run("--apply")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert said in err
    assert not list(blobs.owner.get_container_client(operator.issuer.rpartition("/")[2]).list_blobs())


def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **cluster: str) -> str:
    """The one sentence with which a stack of these settings is refused."""
    monkeypatch.setattr(issuer_module, "ROOT", project(tmp_path / "project", "prod", cluster=cluster))
    result = CliRunner().invoke(app, ["cluster", "identity", "prod"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    return result.stderr


HOME = {"context": "home", "uid": UID, "issuer": ISSUER}


def test_what_is_not_set_is_named_with_how_to_set_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("context", "uid", "issuer"):
        said = refused(tmp_path, monkeypatch, **{**HOME, key: ""})
        assert f"cluster.{key} is empty" in said
        assert f"pulumi config set --path cluster.{key}" in said
    assert "ends with a slash" in refused(tmp_path, monkeypatch, **{**HOME, "issuer": f"{ISSUER}/"})
    for no_issuer in ("http://issuer.example", "https://[::1", "https://issuer.example/?a=b"):
        assert f"{no_issuer!r} is no issuer: give" in refused(tmp_path, monkeypatch, **{**HOME, "issuer": no_issuer})
    assert "need no issuer" in refused(tmp_path, monkeypatch, **{**HOME, "identity": "keys"})


def test_a_context_that_is_not_there_and_a_cluster_that_is_away_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    assert "the context 'home' is not in" in refused(tmp_path, monkeypatch, **HOME)
    away = kubeconfig(tmp_path / "away", "https://127.0.0.1:9", token=TOKEN)
    monkeypatch.setenv("KUBECONFIG", str(away))
    assert "https://127.0.0.1:9 (context home) cannot be reached" in refused(tmp_path, monkeypatch, **HOME)
    away.write_text("{[", "utf-8")
    assert "cannot be read as a kubeconfig" in refused(tmp_path, monkeypatch, **HOME)


def test_a_cluster_that_hangs_is_given_up(operator: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cluster_reader, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        path = kubeconfig(tmp_path / "silent", f"https://127.0.0.1:{silent.getsockname()[1]}", token=TOKEN)
        monkeypatch.setenv("KUBECONFIG", str(path))
        code, _, err = operator.run()
    assert code == 2
    assert "did not answer within 0.2 s" in err


def test_a_container_that_cannot_be_written_or_read_ends_with_one_sentence(
    operator: Operator, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer_module, "credential", lambda: Person("https://somebody.else"))
    code, _, err = operator.run("--apply")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "run 'az login'" in err
    blobs.owner.get_container_client(operator.issuer.rpartition("/")[2]).delete_container()
    monkeypatch.setattr(issuer_module, "credential", Person)
    code, _, err = operator.run("--apply")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "is not there: 'spy bootstrap' makes it" in err


def test_an_issuer_that_is_no_container_is_published_by_hand(
    tmp_path: Path, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {**HOME, "issuer": "https://issuer.example.org/cluster"}
    monkeypatch.setattr(issuer_module, "ROOT", project(tmp_path / "own", "prod", cluster=own))
    code, _, err = operator.run("--apply")
    assert code == 2
    assert "put the two documents of --write there by hand" in err
