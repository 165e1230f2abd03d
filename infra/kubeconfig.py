"""Kubeconfig: how a context of it reaches its cluster. Reads the files that kubectl reads; never writes one."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

EXEC_SECONDS = 30
"""How long a sign-in program named by the kubeconfig may take."""


class NoContext(Exception):
    """The kubeconfig has no way to the meant cluster; the message says what is missing and the cure."""


@dataclass(frozen=True, repr=False)
class Access:
    """What a client needs to ask one cluster. Texts are PEM; empty means absent. Never printed: it holds a key."""

    context: str
    server: str
    authority: str = ""
    """Certificates that the server's is signed by; empty: the machine's own."""
    client_certificate: str = ""
    client_key: str = ""
    token: str = ""
    server_name: str = ""
    unverified: bool = False


def access(context: str) -> Access:
    """The way to the cluster of a context, from KUBECONFIG or ~/.kube/config, as kubectl finds it.

    Raises NoContext for a missing context, cluster or user, and for a sign-in program that fails.
    """
    config = _merged()
    names = ", ".join(sorted(config["contexts"])) or "none"
    if context not in config["contexts"]:
        where = os.pathsep.join(map(str, files()))
        raise NoContext(f"the context {context!r} is not in {where} ({names}): set cluster.context or KUBECONFIG")
    chosen = config["contexts"][context]
    cluster = _named(config, "clusters", _plain(chosen, "cluster"), context)
    user = _named(config, "users", _plain(chosen, "user"), context) if chosen.get("user") else {}
    certificate, key, token = _signed_in(user, context)
    if bool(certificate) != bool(key):
        raise NoContext(f"the user of the context {context!r} has half of a certificate and key: {_ANEW}")
    if not re.fullmatch(r"[!-~]*", token):  # an error of a header's would show it
        raise NoContext(f"the token of the context {context!r} holds what no token holds, a blank or worse: {_ANEW}")
    return Access(
        context=context,
        server=_server(cluster, context),
        authority=_text(cluster, "certificate-authority"),
        client_certificate=certificate,
        client_key=key,
        token=token,
        server_name=_plain(cluster, "tls-server-name"),
        unverified=_is_set(cluster, "insecure-skip-tls-verify"),
    )


def files() -> list[Path]:
    """The files that KUBECONFIG lists, else the one in the home folder."""
    named = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [Path(part) for part in named] or [Path.home() / ".kube" / "config"]


Entry = Mapping[str, Any]

_ANEW = "take the kubeconfig from the cluster anew"


def _merged() -> dict[str, dict[str, Entry]]:
    """Entries of all files by kind and name; of two with the same name the first file's, as kubectl takes them."""
    merged: dict[str, dict[str, Entry]] = {"contexts": {}, "clusters": {}, "users": {}}
    for path, document in _documents():
        for kind, entries in merged.items():
            for name, content in _entries(document, kind, path):
                entries.setdefault(name, _rooted(content, path.parent))
    return merged


def _entries(document: Entry, kind: str, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of each entry of a kind. What is none is refused and not shown: it may be a key."""
    listed = document.get(kind) or []
    for entry in listed if isinstance(listed, list) else [listed]:
        content = entry.get(kind.removesuffix("s")) or {} if isinstance(entry, Mapping) else None
        if not isinstance(content, Mapping):
            raise NoContext(f"{path} is no kubeconfig, {kind} holds something that is no entry of it: {_ANEW}")
        yield _plain(entry, "name"), dict(content)


def _documents() -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Each file that is there, read. An absent one is passed over as kubectl does."""
    for path in files():
        try:
            document = yaml.safe_load(path.read_text("utf-8")) or {}
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            raise NoContext(f"{path} cannot be read as a kubeconfig ({type(error).__name__}): correct it") from error
        if not isinstance(document, Mapping):
            raise NoContext(f"{path} is no kubeconfig: it must hold an object with clusters, users and contexts")
        yield path, document


_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


def _rooted(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """An entry with its relative paths made absolute: they are relative to the file they stand in.

    So is that of a sign-in program, unless it is a bare name, which is looked up on the path.
    """
    rooted = entry | {key: str(folder / _plain(entry, key)) for key in _FILES if entry.get(key)}
    program = entry.get("exec")
    if isinstance(program, Mapping) and os.sep in (command := _plain(program, "command")):
        rooted["exec"] = {**program, "command": str((folder / command).absolute())}
    return rooted


def _plain(entry: Entry, key: str) -> str:
    """A text of an entry; empty when absent. Raises NoContext for a list or an object, which may be endless."""
    value = entry.get(key)
    if isinstance(value, Mapping | list | set | bytes):
        raise NoContext(f"{key} in the kubeconfig holds something that is no text: {_ANEW}")
    return "" if value is None else str(value)


def _is_set(entry: Entry, key: str) -> bool:
    """A true or false of an entry; what is neither is refused, because "false" in quotes would be true."""
    value = entry.get(key, False)
    if not isinstance(value, bool):
        raise NoContext(f"{key} in the kubeconfig must be true or false, without quotes: correct it")
    return value


def _server(cluster: Entry, context: str) -> str:
    """Address of the API server. One that holds a password is refused, because every sentence names the server."""
    try:
        address = httpx.URL(_plain(cluster, "server").rstrip("/"))
    except httpx.InvalidURL:
        address = httpx.URL()
    if address.scheme not in {"http", "https"} or not address.host or address.userinfo:
        raise NoContext(
            f"the cluster of the context {context!r} has no server, or none of the form https://HOST:PORT: {_ANEW}"
        )
    return str(address)


def _named(config: Mapping[str, Mapping[str, Entry]], kind: str, name: str, context: str) -> Entry:
    if name not in config[kind]:
        raise NoContext(
            f"the context {context!r} names {name!r}, which is not among the {kind} of the kubeconfig: {_ANEW}"
        )
    return config[kind][name]


def _text(entry: Entry, key: str) -> str:
    """PEM text that stands in an entry itself, or in the file it names; empty when neither."""
    if encoded := entry.get(f"{key}-data"):
        try:
            return base64.b64decode(_plain({key: encoded}, key), validate=True).decode("ascii")
        except (binascii.Error, ValueError) as error:
            raise NoContext(f"{key}-data of the kubeconfig is no base64 text: {_ANEW}") from error
    return _file(str(entry[key])) if entry.get(key) else ""


def _file(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, ValueError) as error:
        why = f"{path!r}, which the kubeconfig names, cannot be read ({type(error).__name__})"
        raise NoContext(f"{why}: {_ANEW}") from error


def _signed_in(user: Entry, context: str) -> tuple[str, str, str]:
    """Client certificate, its key and token of a user; the program that the user names is asked for them."""
    if (program := user.get("exec")) is not None:
        return _asked(program, context)
    token = _plain(user, "token")
    if user.get("tokenFile"):
        token = _file(str(user["tokenFile"])).strip()
    return _text(user, "client-certificate"), _text(user, "client-key"), token


_FAILED = (
    OSError,
    subprocess.SubprocessError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""A program that cannot be run or ends ill, and an answer that is no ExecCredential."""


def _asked(program: Any, context: str) -> tuple[str, str, str]:
    """What a credential plugin answers (client.authentication.k8s.io ExecCredential)."""
    command, own, version = _called(program, context)
    asked = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    try:
        run = subprocess.run(  # noqa: S603  (the program that the person's own kubeconfig names)
            command,
            env=os.environ | own | {"KUBERNETES_EXEC_INFO": json.dumps(asked)},
            stdin=subprocess.DEVNULL,  # one that would ask a question fails, as it was told that nobody answers
            capture_output=True,
            check=True,
            timeout=EXEC_SECONDS,
            text=True,
        )
        status = json.loads(run.stdout)["status"]
        certificate, key, token = (status.get(name) for name in ("clientCertificateData", "clientKeyData", "token"))
    except _FAILED as error:
        raise NoContext(
            f"{command[0]!r}, by which the context {context!r} signs in, failed ({type(error).__name__}): run it by "
            "hand to see why"
        ) from None  # what failed may hold the answer, and that a token
    return str(certificate or ""), str(key or ""), str(token or "")


def _called(program: Any, context: str) -> tuple[list[str], dict[str, str], str]:
    """Command line, environment and protocol of a credential plugin."""
    try:
        arguments, environment = program.get("args") or [], program.get("env") or []
        command = [_plain(program, "command"), *(_plain({"args": one}, "args") for one in [*arguments])]
        own = {_plain(one, "name"): _plain(one, "value") for one in [*environment]}
    except (AttributeError, TypeError) as error:
        raise NoContext(f"exec of the user of the context {context!r} is no sign-in program: {_ANEW}") from error
    return command, own, _plain(program, "apiVersion") or "client.authentication.k8s.io/v1"
