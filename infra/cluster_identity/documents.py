"""Documents: what an issuer publishes so that others can verify its tokens, and what k3s must be told of it. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from infra.cluster_identity.keys import PublicKey

DISCOVERY = ".well-known/openid-configuration"
KEY_SET = "openid/v1/jwks"
"""Paths below the issuer's URL: the first is fixed by OpenID Connect Discovery, the second is an API server's own."""

IN_CLUSTER = "https://kubernetes.default.svc.cluster.local"
"""The issuer that k3s signs as until it is told another; tokens that running pods hold are signed as it."""

K3S_FILE = "/etc/rancher/k3s/config.yaml.d/spy-issuer.yaml"


@dataclass(frozen=True)
class Documents:
    """The two documents of one issuer, for the keys that its API server serves."""

    issuer: str
    keys: tuple[PublicKey, ...]

    @property
    def key_set_url(self) -> str:
        return f"{self.issuer}/{KEY_SET}"

    @property
    def discovery(self) -> dict[str, Any]:
        """What OpenID Connect Discovery asks of an issuer that only signs tokens; as an API server renders it."""
        return {
            "issuer": self.issuer,
            "jwks_uri": self.key_set_url,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": sorted({key.algorithm for key in self.keys}),
        }

    @property
    def key_set(self) -> dict[str, Any]:
        """The JSON Web Key Set."""
        return {"keys": [key.as_object() for key in self.keys]}

    def by_path(self) -> dict[str, dict[str, Any]]:
        """Both, by their paths below the issuer, in the order of publishing: keys before who names them."""
        return {KEY_SET: self.key_set, DISCOVERY: self.discovery}


def as_text(document: dict[str, Any]) -> str:
    """A document as it is published."""
    return json.dumps(document, indent=2) + "\n"


def api_server_arguments(issuer: str, *older: str) -> list[str]:
    """Arguments of the API server: it signs as the first issuer and goes on taking tokens of the others.

    Its keys are k3s' own and stay where they are; its audiences too, so that tokens inside the cluster stay good.
    """
    issuers = dict.fromkeys([issuer, *older, IN_CLUSTER])
    return [
        *(f"service-account-issuer={one}" for one in issuers),
        f"service-account-jwks-uri={issuer}/{KEY_SET}",
    ]


def k3s_file(arguments: list[str]) -> str:
    """The arguments as a file of k3s' configuration folder. The plus sign adds them to what other files say."""
    return "\n".join(["kube-apiserver-arg+:", *(f"  - {argument}" for argument in arguments)]) + "\n"
