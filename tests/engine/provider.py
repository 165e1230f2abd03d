# ruff: noqa: N802, ARG002  (the methods are the protocol's)
"""Provider: stand-in resource providers that the real engine attaches to by PULUMI_DEBUG_PROVIDERS.

They answer the engine's protocol and hand every change to one Cloud. They reach nothing outside this process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from infra import cloud_model
from tests.engine.azure_rules import Refused
from tests.engine.cloud import Cloud
from tests.engine.messages import Properties, changed_paths, properties, struct

VERSIONS = {"azure-native": "3.29.0", "docker-build": "0.0.22", "kubernetes": "4.34.2", "random": "4.21.4"}
"""The packages the program uses, and the version of each that its SDK asks for."""
MESSAGE_BYTES = 64 * 1024 * 1024


class StandIn(provider_pb2_grpc.ResourceProviderServicer):
    """One package. Unknown inputs stay unknown in a preview; secrets are kept by the engine, which sends them plain."""

    def __init__(self, package: str, cloud: Cloud) -> None:
        self._package = package
        self._cloud = cloud

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSIONS[self._package])

    def Attach(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._cloud.cancel()
        return empty_pb2.Empty()

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema=f'{{"name": "{self._package}"}}')

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        return difference(changed_paths(properties(request.old_inputs), properties(request.news)))

    def Configure(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ConfigureResponse:
        self._cloud.begin_run()
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        with _refusing(context):
            answer = cloud_model.invoked(request.tok, properties(request.args))
        return provider_pb2.InvokeResponse(**{"return": struct(answer)})

    def Check(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        found = cloud_model.failures(token_of(request.urn), properties(request.news))
        failures = [provider_pb2.CheckFailure(reason=reason) for reason in found]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        old, new = properties(request.old_inputs), properties(request.news)
        changes = changed_paths(old, new)
        fixed = cloud_model.replacing(token_of(request.urn))
        replaces = [path for path in changes if replaced_by(path, fixed)]
        return difference(changes, replaces, delete_first=bool(replaces) and _same_object(request.urn, old, new))

    def Create(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        token, inputs = token_of(request.urn), properties(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(
                properties=struct(cloud_model.previewed(token, name_of(request.urn), inputs))
            )
        with _refusing(context):
            identifier, outputs = self._cloud.create(token, request.urn, inputs)
        return provider_pb2.CreateResponse(id=identifier, properties=struct(outputs))

    def Read(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        with _refusing(context):
            found = self._cloud.read(token_of(request.urn), request.urn, request.id)
        if found is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=found.identifier, properties=struct(found.outputs), inputs=struct(found.inputs)
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        token, inputs = token_of(request.urn), properties(request.news)
        if request.preview:
            outputs = properties(request.olds) | inputs
        else:
            with _refusing(context):
                outputs = self._cloud.update(token, request.urn, request.id, inputs)
        return provider_pb2.UpdateResponse(properties=struct(outputs))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        with _refusing(context):
            self._cloud.delete(token_of(request.urn), request.urn, request.id)
        return empty_pb2.Empty()


@contextmanager
def attached(
    cloud: Cloud, instead: Mapping[str, provider_pb2_grpc.ResourceProviderServicer | None] | None = None
) -> Iterator[str]:
    """Serve every package on a loopback port; gives the value of PULUMI_DEBUG_PROVIDERS.

    `instead`: providers of other packages' making, by package; None for one that the engine finds by itself.
    """
    served = {package: StandIn(package, cloud) for package in VERSIONS} | dict(instead or {})
    options = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
    with ThreadPoolExecutor(max_workers=64, thread_name_prefix="stand-in") as pool:
        servers, addresses = [], []
        for package, provider in served.items():
            if provider is None:
                continue
            server = grpc.server(pool, options=options)
            provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
            addresses.append(f"{package}:{server.add_insecure_port('127.0.0.1:0')}")
            server.start()
            servers.append(server)
        try:
            yield ",".join(addresses)
        finally:
            for stopped in [server.stop(grace=None) for server in servers]:
                stopped.wait()


def token_of(urn: str) -> str:
    """Type of a resource: the last segment of the URN's type chain."""
    return urn.split("::")[2].rpartition("$")[2]


def name_of(urn: str) -> str:
    """Name of a resource: the last part of the URN."""
    return urn.rpartition("::")[2]


def _same_object(urn: str, old: Properties, new: Properties) -> bool:
    """Whether both would have one id, so that the old one must go before the new one comes."""
    token, name = token_of(urn), name_of(urn)
    if token.startswith("random:"):
        return False
    return cloud_model.created(token, name, old)[0] == cloud_model.created(token, name, new)[0]


def replaced_by(path: str, fixed: frozenset[str]) -> bool:
    """Whether a changed path is one that cannot change in place, lies in one, or holds one."""
    return any(
        whole in {"*", path} or path.startswith((f"{whole}.", f"{whole}[")) or whole.startswith(f"{path}.")
        for whole in fixed
    )


def difference(
    changes: dict[str, str], replaces: list[str] | None = None, *, delete_first: bool = False
) -> provider_pb2.DiffResponse:
    """The answer to a Diff: what changed, how, and which of it replaces the resource."""
    replaced = replaces or []
    kind = provider_pb2.PropertyDiff.Kind
    detailed = {
        path: provider_pb2.PropertyDiff(
            kind=kind.Value(change.upper() + ("_REPLACE" if path in replaced else "")), inputDiff=True
        )
        for path, change in changes.items()
    }
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=replaced,
        diffs=sorted({path.partition(".")[0].partition("[")[0] for path in changes}),
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=delete_first,
    )


@contextmanager
def _refusing(context: grpc.ServicerContext) -> Iterator[None]:
    """Answer a refusal as the error it is; anything else is a fault of the stand-in and keeps its traceback."""
    try:
        yield
    except Refused as refusal:
        context.abort(grpc.StatusCode.UNKNOWN, str(refusal))
