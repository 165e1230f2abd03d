"""Charts: Helm releases as the stand-in provider keeps them: by what the program says of them. Renders none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime.proto import provider_pb2

from infra import cloud_model
from tests.engine.messages import Properties, properties, struct
from tests.engine.provider import name_of

TYPE = "kubernetes:helm.sh/"


@dataclass
class Charts:
    """Every release, by its id."""

    kept: dict[str, Properties] = field(default_factory=dict)

    def create(self, request: Any, token: str) -> provider_pb2.CreateResponse:
        """Keep a new one."""
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        inputs = properties(request.properties)
        identifier, outputs = cloud_model.created(token, name_of(request.urn), inputs)
        self.kept[identifier] = inputs
        return provider_pb2.CreateResponse(id=identifier, properties=struct(outputs))

    def read(self, request: Any) -> provider_pb2.ReadResponse:
        """What is kept under this id."""
        if request.id not in self.kept:
            return provider_pb2.ReadResponse()
        inputs = struct(self.kept[request.id])
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=inputs)

    def update(self, request: Any) -> provider_pb2.UpdateResponse:
        """Keep another version."""
        inputs = properties(request.news)
        if not request.preview:
            self.kept[request.id] = inputs
        return provider_pb2.UpdateResponse(properties=struct({**properties(request.olds), **inputs}))

    def delete(self, request: Any) -> None:
        """Forget it."""
        self.kept.pop(request.id, None)
