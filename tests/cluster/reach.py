"""Reach: from a kubeconfig and a context's name to an API, as a Kubernetes client finds its way. Writes nothing."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.cluster.api import Api, Refusal


class Unreachable(Exception):
    """No cluster answers; the message says why."""


def reached(kubeconfig: Path, context: str) -> Api:
    """The API of a context, which answered. Raises Unreachable."""
    config = yaml.safe_load(kubeconfig.read_text("utf-8"))
    contexts = {one["name"]: one["context"] for one in config["contexts"]}
    if context not in contexts:
        raise Unreachable(
            f'unable to load Kubernetes client configuration from kubeconfig file: context "{context}" does not exist'
        )
    chosen = contexts[context]
    cluster = next(one["cluster"] for one in config["clusters"] if one["name"] == chosen["cluster"])
    user = next(one["user"] for one in config["users"] if one["name"] == chosen["user"])
    api = Api(cluster["server"], user["token"], Path(cluster["certificate-authority"]))
    try:
        api.request("GET", "/version")
    except (OSError, Refusal) as error:
        raise Unreachable(f"unable to load schema information from the API server: {error}") from error
    return api
