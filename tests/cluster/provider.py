# ruff: noqa: N802, ARG002  (the methods are the protocol's)
"""KubernetesStandIn: a Kubernetes provider for the real engine that hands every object to a real API server.

The engine attaches to it by PULUMI_DEBUG_PROVIDERS, because the official plugin cannot be had everywhere. What a
program notices is as with pulumi-kubernetes 4.34: names it makes up, what it refuses to create, what it replaces and
in which order, what it waits for (tests/cluster/awaiting.py), how it compares (tests/cluster/live.py). It is stricter
where the official one is lenient: an unknown field is an error, and nothing is retried that came too early. Charts
are only recorded.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from infra import cloud_model
from tests.cluster import live
from tests.cluster.api import Answer, Api, Manifest, Refusal, reference
from tests.cluster.awaiting import NotLive, settled
from tests.cluster.charts import TYPE as CHART
from tests.cluster.charts import Charts
from tests.cluster.failure import fail_initialized
from tests.cluster.reach import Unreachable, reached
from tests.engine.messages import Properties, holds_unknown, properties, struct
from tests.engine.provider import VERSIONS, difference, name_of, replaced_by, token_of

FORCE = "pulumi.com/patchForce"
PROPAGATION = "pulumi.com/deletionPropagationPolicy"
SKIP_AWAIT = "pulumi.com/skipAwait"
CONTENTS = {
    "kubernetes:core/v1:ConfigMap": ("enableConfigMapMutable", frozenset({"data", "binaryData"})),
    "kubernetes:core/v1:Secret": ("enableSecretMutable", frozenset({"data", "stringData"})),
}
"""By type, the provider's option that lets it change in place, and the contents for which it is replaced without."""
PREVIEWED_ANYWAY = {"AlreadyExists", "Forbidden"}
"""What a dry run may be refused for and the preview goes on with what the program says."""


class CannotReach(Exception):
    """The cluster did not answer, in the official provider's words."""


@dataclass(frozen=True)
class Change:
    """One thing done to the cluster: created, updated or deleted."""

    action: str
    kind: str
    identifier: str


@dataclass
class KubernetesStandIn(provider_pb2_grpc.ResourceProviderServicer):
    """The provider of one kubeconfig. `patience_seconds` is how long it waits for a rollout that names no time-out."""

    kubeconfig: Path
    patience_seconds: float = 60.0
    changes: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    """What the API server warned of, each with the object it was about."""
    charts: Charts = field(default_factory=Charts)
    _api: Api | None = None
    _unreachable: str = "the provider was not configured"
    _settings: Properties = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSIONS["kubernetes"])

    def Attach(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema='{"name": "kubernetes"}')

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Another cluster identifier is another cluster; without one, another context is."""
        before, after = properties(request.old_inputs), properties(request.news)
        changed = {key: "update" for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        identity = "clusterIdentifier" if before.get("clusterIdentifier") else "context"
        return difference(changed, [identity] if identity in changed else [])

    def Configure(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ConfigureResponse:
        self._settings = properties(request.args)
        try:
            self._api = reached(self.kubeconfig, str(self._settings.get("context", "")))
        except Unreachable as reason:
            self._api, self._unreachable = None, str(reason)
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        inputs, token = properties(request.news), token_of(request.urn)
        if not token.startswith(CHART):
            live.give_name(token, name_of(request.urn), inputs, properties(request.olds))
        return provider_pb2.CheckResponse(inputs=struct(inputs))

    def Diff(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        token = token_of(request.urn)
        before, after = properties(request.old_inputs), properties(request.news)
        seen = before if token.startswith(CHART) else properties(request.olds)
        changed = live.without_paths(live.changes(token, before, seen, after), request.ignoreChanges)
        fixed = cloud_model.replacing(token) | self._contents_kept(token)
        if live.is_patch(token):
            fixed = frozenset({"metadata.name", "metadata.namespace"})
        replaces = [path for path in changed if replaced_by(path, fixed)]
        return difference(changed, replaces, delete_first=bool(replaces) and live.same_fixed_name(before, after))

    def _contents_kept(self, token: str) -> frozenset[str]:
        """What replaces a ConfigMap or a Secret unless the provider is told that it may change in place."""
        option, contents = CONTENTS.get(token, ("", frozenset[str]()))
        return frozenset() if str(self._settings.get(option, "")).lower() == "true" else contents

    def Create(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        token, inputs = token_of(request.urn), properties(request.properties)
        if token.startswith(CHART):
            return self.charts.create(request, token)
        with self._answering(context, request.urn, "was not successfully created by the Kubernetes API server"):
            declared = live.manifest(token, inputs)
            if request.preview:
                return provider_pb2.CreateResponse(properties=struct(self._previewed(token, declared, inputs)))
            manager = live.field_manager({})
            made = self._created(token, declared, manager)
            self._log("create", made)
            self._settle(context, request, made, inputs, manager, created=True)
            return provider_pb2.CreateResponse(
                id=live.identifier(made), properties=struct({**self._now(made), live.FIELD_MANAGER: manager})
            )

    def Read(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        token, before = token_of(request.urn), properties(request.inputs)
        if token.startswith(CHART):
            return self.charts.read(request)
        with self._answering(context, request.urn, "could not be read"):
            found = self._reached(reading=True).find(*live.kind_of(token), *live.named(request.id))
            if found is None:
                return provider_pb2.ReadResponse()
            inputs = live.pruned(found, live.manifest(token, before)) if before else live.as_inputs(found)
            state = {**found, live.FIELD_MANAGER: live.field_manager(properties(request.properties))}
            return provider_pb2.ReadResponse(id=request.id, properties=struct(state), inputs=struct(inputs))

    def Update(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        token, inputs = token_of(request.urn), properties(request.news)
        if token.startswith(CHART):
            return self.charts.update(request)
        if request.preview and holds_unknown(inputs):
            return provider_pb2.UpdateResponse(properties=request.news)
        with self._answering(context, request.urn, "could not be updated"):
            declared = live.manifest(token, inputs)
            api = self._reached()
            now = api.get(*live.kind_of(token), *live.named(request.id))
            manager = live.field_manager(properties(request.olds))
            declared = live.give_way(declared, now, request.ignoreChanges, manager)
            made = self._applied(declared, manager, dry_run=request.preview)
            if not request.preview:
                self._log("update", made)
                self._settle(context, request, made, inputs, manager, created=False)
                made = self._now(made)
            return provider_pb2.UpdateResponse(properties=struct({**made, live.FIELD_MANAGER: manager}))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        token, last = token_of(request.urn), properties(request.properties)
        if token.startswith(CHART):
            self.charts.delete(request)
            return empty_pb2.Empty()
        with self._answering(context, request.urn, "could not be deleted"):
            kind, named = live.kind_of(token), live.named(request.id)
            if live.is_patch(token):
                self._applied(reference(*kind, *named), live.field_manager(last), dry_run=False)
            else:
                annotations = last.get("metadata", {}).get("annotations") or {}
                self._reached().delete(
                    *kind,
                    *named,
                    wait=annotations.get(SKIP_AWAIT) != "true",
                    propagation=annotations.get(PROPAGATION, "Foreground"),
                    seconds=request.timeout or self.patience_seconds,
                )
            self._log("delete", reference(*kind, *named))
        return empty_pb2.Empty()

    def _previewed(self, token: str, declared: Manifest, inputs: Properties) -> Properties:
        """What a dry run makes of it; what the program says where none can be had."""
        if self._api is None or holds_unknown(declared) or live.is_patch(token):
            return inputs
        try:
            made = self._kept(declared, self._api.apply(declared, dry_run=True, manager="preview", force=True))
        except Refusal as refusal:
            too_early = refusal.status == HTTPStatus.NOT_FOUND and _lacks_namespace_or_kind(refusal)
            if too_early or refusal.reason in PREVIEWED_ANYWAY:
                return inputs
            raise
        made.pop("status", None)
        return made

    def _created(self, token: str, declared: Manifest, manager: str) -> Manifest:
        api = self._reached()
        metadata = declared["metadata"]
        kind = (declared["apiVersion"], declared["kind"])
        found = api.find(*kind, metadata["name"], metadata.get("namespace", ""))
        if found is not None and not live.is_patch(token) and not self._settings.get("upsertExistingObjects"):
            raise Refusal(
                HTTPStatus.CONFLICT,
                {"reason": "AlreadyExists", "message": f'{kind[1]} "{metadata["name"]}" already exists'},
            )
        return self._applied(declared, manager, dry_run=False)

    def _applied(self, declared: Manifest, manager: str, *, dry_run: bool) -> Manifest:
        annotations = declared["metadata"].get("annotations") or {}
        force = annotations.get(FORCE) == "true" or bool(self._settings.get("enablePatchForce"))
        answer = self._reached().apply(declared, dry_run=dry_run, manager=manager, force=force)
        return self._kept(declared, answer)

    def _kept(self, declared: Manifest, answer: Answer) -> Manifest:
        about = f"{declared['kind']} {declared['metadata']['name']}"
        with self._lock:
            self.warnings += [f"{about}: {warning}" for warning in answer.warnings]
        return answer.body

    def _settle(
        self,
        context: grpc.ServicerContext,
        request: Any,
        made: Manifest,
        inputs: Properties,
        manager: str,
        *,
        created: bool,
    ) -> None:
        """Wait as the official provider does; when that fails the engine keeps the object, and that it is not live."""
        try:
            settled(self._reached(), made, created=created, seconds=request.timeout or self.patience_seconds)
        except NotLive as reason:
            state = {**self._now(made), live.FIELD_MANAGER: manager}
            fail_initialized(context, live.identifier(made), state, inputs, str(reason))

    def _now(self, made: Manifest) -> Manifest:
        return self._reached().get(made["apiVersion"], made["kind"], *live.named(live.identifier(made)))

    def _log(self, action: str, made: Manifest) -> None:
        with self._lock:
            self.changes.append(Change(action, made["kind"], live.identifier(made)))

    def _reached(self, *, reading: bool = False) -> Api:
        if self._api is None:
            said = "failed to read resource state due to unreachable cluster" if reading else "unreachable cluster"
            raise CannotReach(f"{said}: configured Kubernetes cluster is unreachable: {self._unreachable}")
        return self._api

    @contextmanager
    def _answering(self, context: grpc.ServicerContext, urn: str, what: str) -> Iterator[None]:
        """Answer a refusal as the error it is; anything else is a fault of the stand-in and keeps its traceback."""
        try:
            yield
        except CannotReach as reason:
            context.abort(grpc.StatusCode.UNKNOWN, str(reason))
        except Refusal as refusal:
            context.abort(grpc.StatusCode.UNKNOWN, f'resource "{urn}" {what}: {refusal}')
        except TimeoutError as error:
            context.abort(grpc.StatusCode.UNKNOWN, f'resource "{urn}" {what}: {error}')


def _lacks_namespace_or_kind(refusal: Refusal) -> bool:
    return refusal.reason in {"NotFound", ""} or "namespaces" in str(refusal)
