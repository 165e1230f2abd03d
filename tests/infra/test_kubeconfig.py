"""The kubeconfig as somebody else may have written it: one sentence with the cure, and never a key of it in that."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from infra.cluster_identity.container import NotPublished, published
from infra.cluster_reader import ClusterUnreadable, reading
from infra.kubeconfig import NoContext, access
from infra.registry_client import RegistryRefused, asking
from tests.infra.loopback_tls import certificate
from tools.charts import published_versions

NOBODY = "https://127.0.0.1:9"
SECRET = "not-to-be-shown"
ANEW = "take the kubeconfig from the cluster anew"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one file that is read."""
    path = tmp_path / "config"
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


def config(cluster: Any = None, user: Any = None, **other: Any) -> str:
    """A kubeconfig whose context home has this cluster and this user."""
    return yaml.safe_dump(
        {
            "contexts": [{"name": "home", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": NOBODY} if cluster is None else cluster}],
            "users": [{"name": "u", "user": user}],
            **other,
        }
    )


def refused(file: Path, text: str) -> str:
    """The sentence for a file with this text, up to the first question to its cluster."""
    file.write_text(text, "utf-8")
    with pytest.raises((NoContext, ClusterUnreadable)) as told, reading("home") as cluster:
        cluster.uid()
    said = str(told.value)
    assert SECRET not in said
    assert ": " in said
    assert "\n" not in said
    assert len(said) < 400
    return said


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + depth)}: &{chr(98 + depth)} [{', '.join([f'*{chr(97 + depth)}'] * 10)}]\n" for depth in range(8)
)
"""Half a kilobyte that is a hundred million entries once somebody writes it out."""


@pytest.mark.parametrize(
    "text",
    [
        f"{BOMB}contexts: [*i]",
        "contexts: &itself [*itself]",
        "contexts: 5",
        "contexts: [{name: home, context: home}]",
        "contexts: [{name: home, context: [1]}]",
        f"users: ['token: {SECRET}']",
        config(cluster=SECRET),
        config(user=[SECRET]),
    ],
)
def test_an_entry_that_is_none_is_refused_and_never_written_out(file: Path, text: str) -> None:
    said = refused(file, text)
    assert "holds something that is no entry of it" in said
    assert said.endswith(ANEW)


def test_a_file_that_is_nested_too_deeply_cannot_be_read(file: Path) -> None:
    assert "cannot be read as a kubeconfig (RecursionError)" in refused(file, "[" * 100_000)


@pytest.mark.parametrize(
    "server", ["", "127.0.0.1", "ftp://127.0.0.1", "https://", "https://[::1", "https://a\0b", f"https://me:{SECRET}@h"]
)
def test_a_server_that_is_no_address_or_holds_a_password_is_refused(file: Path, server: str) -> None:
    assert "none of the form https://HOST:PORT" in refused(file, config(cluster={"server": server}))


def test_a_host_whose_name_is_too_long_cannot_be_reached(file: Path) -> None:
    said = refused(file, config(cluster={"server": f"https://{'a' * 200}.example"}))
    assert "cannot be reached" in said


@pytest.mark.parametrize("token", [f"{SECRET}\nX-More: header", f"{SECRET} ", f"{SECRET}ä"])
def test_a_token_that_fits_no_header_is_refused_before_a_header_shows_it(file: Path, token: str) -> None:
    assert "the token of the context 'home'" in refused(file, config(user={"token": token}))


@pytest.mark.parametrize("key", ["token", "client-key-data", "client-certificate"])
def test_a_list_where_a_text_belongs_is_refused(file: Path, key: str) -> None:
    said = refused(file, config(user={key: [SECRET]}))
    assert "holds something that is no text" in said or "is no base64 text" in said


def test_false_in_quotes_does_not_turn_the_servers_certificate_off(file: Path) -> None:
    said = refused(file, config(cluster={"server": NOBODY, "insecure-skip-tls-verify": "false"}))
    assert "insecure-skip-tls-verify in the kubeconfig must be true or false" in said


def test_certificates_and_keys_that_are_none_are_refused(file: Path) -> None:
    no_pem = base64.b64encode(b"hello").decode()
    said = refused(file, config(cluster={"server": NOBODY, "certificate-authority-data": no_pem}))
    assert said.startswith("the certificate-authority of the context 'home' cannot be used")
    own = {"client-certificate-data": no_pem, "client-key-data": no_pem}
    assert "the client certificate or its key" in refused(file, config(user=own))
    assert "half of a certificate and key" in refused(file, config(user={"client-key-data": no_pem}))


def test_a_key_behind_a_password_is_refused_and_nobody_is_asked_for_it(file: Path, tmp_path: Path) -> None:
    own = certificate(tmp_path)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(SECRET.encode())
        )
    )
    user = {"client-certificate": str(own.certificate), "client-key": str(locked)}
    assert "the client certificate or its key of the context 'home' cannot be used" in refused(file, config(user=user))


def test_paths_are_relative_to_the_file_that_names_them(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = certificate(tmp_path)
    program = tmp_path / "sign-in"
    program.write_text('#!/bin/sh\necho \'{"status": {"token": "a-token"}}\'\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.chdir("/")
    user = {"client-certificate": own.certificate.name, "client-key": own.key.name}
    file.write_text(config({"server": NOBODY, "certificate-authority": own.certificate.name}, user), "utf-8")
    way = access("home")
    assert way.authority == way.client_certificate == own.certificate.read_text("utf-8")
    file.write_text(config(user={"exec": {"command": "./sign-in"}}), "utf-8")
    assert access("home").token == "a-token"


@pytest.mark.parametrize(
    "program",
    [
        SECRET,
        [SECRET],
        {"command": "echo", "args": 5},
        {"command": "echo", "args": [[SECRET]]},
        {"command": "echo", "env": 5},
        {"command": "echo", "env": [SECRET]},
    ],
)
def test_a_sign_in_program_that_is_none_is_refused(file: Path, program: Any) -> None:
    said = refused(file, config(user={"exec": program}))
    assert "is no sign-in program" in said or "holds something that is no text" in said


@pytest.mark.parametrize("answer", ["{", "[]", "{}", '{"status": []}', f'{{"status": "{SECRET}"}}'])
def test_a_sign_in_program_that_answers_something_else_has_failed(file: Path, answer: str) -> None:
    said = refused(file, config(user={"exec": {"command": "echo", "args": [answer]}}))
    assert said.startswith("'echo', by which the context 'home' signs in, failed")


def test_a_sign_in_program_that_asks_a_question_gets_no_answer(file: Path) -> None:
    question = {"command": "sh", "args": ["-c", "read answer && echo $answer"]}
    assert "'sh', by which the context 'home' signs in, failed" in refused(file, config(user={"exec": question}))


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "ftp://127.0.0.1:9", "http://[::1"])
def test_a_proxy_that_cannot_be_asked_is_one_sentence_whoever_would_ask_it(
    file: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    said = refused(file, config(cluster={"server": "https://cluster.example:6443"}))
    assert said.startswith("the proxy that the environment names")
    with pytest.raises(RegistryRefused, match="the proxy that the environment names"), asking("registry.example"):
        pass
    with pytest.raises(NotPublished, match="the proxy that the environment names"):
        published("https://issuer.example")
    with pytest.raises(RegistryRefused, match="the proxy that the environment names"):
        published_versions("https://charts.example", "a-chart")


def test_of_several_contexts_the_named_one_is_taken_and_the_current_one_is_not(file: Path) -> None:
    home = {"name": "home", "context": {"cluster": "c"}}
    other = {"name": "other", "context": {"cluster": "absent"}}
    text = config(contexts=[home, {"name": "home", "context": {"cluster": "absent"}}, other])
    file.write_text(json.dumps(yaml.safe_load(text) | {"current-context": "other"}), "utf-8")
    assert access("home").server == NOBODY
    with pytest.raises(NoContext, match=r"is not among the clusters of the kubeconfig: take"):
        access("other")
