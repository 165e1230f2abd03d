"""An API server's answers for tests of commands that only read one: who it is, its nodes, its issuer.

For what goes wrong on the way to a cluster; tests/cluster has a real one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from infra.cluster_identity.documents import DISCOVERY, IN_CLUSTER, KEY_SET
from tests.infra.loopback_http import Answer, Asked
from tests.stacks.builders import UID

TOKEN = "an-administrators-token"


@dataclass
class ApiServer:
    """What a test says of it; `answers` are what it gives instead, `open_paths` what anybody may read beside."""

    key_set: dict[str, Any]
    signs_as: str = IN_CLUSTER
    uid: str = UID
    nodes: tuple[str, ...] = ("node-1",)
    answers: dict[str, Answer] = field(default_factory=dict)
    open_paths: dict[str, Any] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Answer:
        if asked.path in self.open_paths:
            return Answer(200, self.open_paths[asked.path])
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"kind": "Status", "code": 401})
        if asked.method != "GET":
            return Answer(405)
        if asked.path in self.answers:
            return self.answers[asked.path]
        known: dict[str, Any] = {
            "/api/v1/namespaces/kube-system": {"metadata": {"name": "kube-system", "uid": self.uid}},
            "/api/v1/nodes": {"items": [{"metadata": {"name": name}} for name in self.nodes]},
            f"/{KEY_SET}": self.key_set,
            f"/{DISCOVERY}": {"issuer": self.signs_as},
        }
        return Answer(200, known[asked.path]) if asked.path in known else Answer(404, {"kind": "Status", "code": 404})
