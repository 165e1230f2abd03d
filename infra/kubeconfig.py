"""Kubeconfig: how a context of it reaches its cluster. Reads the files that kubectl reads; never writes one."""

from __future__ import annotations

import base64
import binascii
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    cluster = _named(config, "clusters", str(chosen.get("cluster", "")), context)
    user = _named(config, "users", str(chosen.get("user", "")), context) if chosen.get("user") else {}
    if not cluster.get("server"):
        raise NoContext(f"the cluster of the context {context!r} has no server: take the kubeconfig anew")
    certificate, key, token = _signed_in(user, context)
    return Access(
        context=context,
        server=str(cluster["server"]).rstrip("/"),
        authority=_text(cluster, "certificate-authority"),
        client_certificate=certificate,
        client_key=key,
        token=token,
        server_name=str(cluster.get("tls-server-name", "")),
        unverified=bool(cluster.get("insecure-skip-tls-verify", False)),
    )


def files() -> list[Path]:
    """The files that KUBECONFIG lists, else the one in the home folder."""
    named = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [Path(part) for part in named] or [Path.home() / ".kube" / "config"]


Entry = Mapping[str, Any]


def _merged() -> dict[str, dict[str, Entry]]:
    """Entries of all files by kind and name; of two with the same name the first file's, as kubectl takes them."""
    merged: dict[str, dict[str, Entry]] = {"contexts": {}, "clusters": {}, "users": {}}
    for path, document in _documents():
        for kind, entries in merged.items():
            singular = kind.removesuffix("s")
            for entry in document.get(kind) or ():
                if not isinstance(entry, Mapping):
                    raise NoContext(f"{path} is no kubeconfig, {kind} holds {entry!r}: take it from the cluster anew")
                content = dict(entry.get(singular) or {})
                entries.setdefault(str(entry.get("name", "")), _rooted(content, path.parent))
    return merged


def _documents() -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Each file that is there, read. An absent one is passed over as kubectl does."""
    for path in files():
        try:
            document = yaml.safe_load(path.read_text("utf-8")) or {}
        except FileNotFoundError:
            continue
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise NoContext(f"{path} cannot be read as a kubeconfig ({type(error).__name__}): correct it") from error
        if not isinstance(document, Mapping):
            raise NoContext(f"{path} is no kubeconfig: it must hold an object with clusters, users and contexts")
        yield path, document


_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


def _rooted(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """An entry with its relative paths made absolute: they are relative to the file they stand in."""
    return entry | {key: str(folder / str(entry[key])) for key in _FILES if entry.get(key)}


def _named(config: Mapping[str, Mapping[str, Entry]], kind: str, name: str, context: str) -> Entry:
    if name not in config[kind]:
        raise NoContext(f"the context {context!r} names {name!r}, which is not among the {kind} of the kubeconfig")
    return config[kind][name]


def _text(entry: Entry, key: str) -> str:
    """PEM text that stands in an entry itself, or in the file it names; empty when neither."""
    if encoded := entry.get(f"{key}-data"):
        try:
            return base64.b64decode(str(encoded), validate=True).decode("ascii")
        except (binascii.Error, ValueError) as error:
            raise NoContext(f"{key}-data of the kubeconfig is no base64 text: take it from the cluster anew") from error
    return _file(str(entry[key])) if entry.get(key) else ""


def _file(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, ValueError) as error:
        raise NoContext(f"{path}, which the kubeconfig names, cannot be read ({type(error).__name__})") from error


def _signed_in(user: Entry, context: str) -> tuple[str, str, str]:
    """Client certificate, its key and token of a user; the program that the user names is asked for them."""
    if isinstance(program := user.get("exec"), Mapping):
        return _asked(program, context)
    token = str(user.get("token") or "")
    if user.get("tokenFile"):
        token = _file(str(user["tokenFile"])).strip()
    return _text(user, "client-certificate"), _text(user, "client-key"), token


def _asked(program: Entry, context: str) -> tuple[str, str, str]:
    """What a credential plugin answers (client.authentication.k8s.io ExecCredential)."""
    command = [str(program.get("command", "")), *map(str, program.get("args") or ())]
    version = str(program.get("apiVersion", "client.authentication.k8s.io/v1"))
    asked = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    own = {str(one["name"]): str(one["value"]) for one in program.get("env") or ()}
    try:
        run = subprocess.run(  # noqa: S603  (the program that the person's own kubeconfig names)
            command,
            env=os.environ | own | {"KUBERNETES_EXEC_INFO": json.dumps(asked)},
            capture_output=True,
            check=True,
            timeout=EXEC_SECONDS,
            text=True,
        )
        status = json.loads(run.stdout)["status"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        raise NoContext(
            f"'{command[0]}', by which the context {context!r} signs in, failed ({type(error).__name__}): run it by "
            "hand to see why"
        ) from error
    certificate, key, token = (status.get(name) for name in ("clientCertificateData", "clientKeyData", "token"))
    return str(certificate or ""), str(key or ""), str(token or "")
