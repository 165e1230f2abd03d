"""Monitor: the engine's side of a recording. Answers as the cloud model does and keeps every request."""

from __future__ import annotations

from typing import Any, NoReturn

from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2

from infra import cloud_model
from infra.plan.model import STACK_TYPE, Invocation, Mode, Plan, Read, Registration
from infra.plan.symbols import symbolic
from infra.plan.values import Secret, decoded, encoded, reveal


class _Unused(Mocks):
    """The base class wants these; the overridden methods never call them."""

    def call(self, args: MockCallArgs) -> NoReturn:
        raise NotImplementedError

    def new_resource(self, args: MockResourceArgs) -> NoReturn:
        raise NotImplementedError


class Monitor(MockMonitor):
    """Resource monitor without an engine. `failures` collects what a provider would refuse."""

    def __init__(self, mode: Mode) -> None:
        super().__init__(_Unused())
        self.mode = mode
        self.failures: list[str] = []
        self._registered: dict[str, Registration] = {}
        self._reads: dict[str, Read] = {}
        self._invocations: list[Invocation] = []
        self._outputs: dict[str, dict[str, Any]] = {}

    def plan(self, stack: str) -> Plan:
        """What was recorded, sorted; the stack itself is no resource of it."""
        root = next((urn for urn, one in self._registered.items() if one.type == STACK_TYPE), "")
        return Plan(
            stack=stack,
            resources={urn: one for urn, one in sorted(self._registered.items()) if urn != root},
            reads=dict(sorted(self._reads.items())),
            invocations=tuple(sorted(self._invocations, key=lambda one: (one.token, repr(one.args)))),
            component_outputs={urn: given for urn, given in sorted(self._outputs.items()) if urn != root},
            outputs=dict(sorted(self._outputs.get(root, {}).items())),
        )

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine does: the whole chain of parents' types, the stack left out."""
        qualified = parent.split("::")[2] if parent else STACK_TYPE
        return super().make_urn("", type_ if qualified == STACK_TYPE else f"{qualified}${type_}", name)

    def RegisterResource(  # noqa: N802  (a method of the wire)
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Keep the registration; answer with id and outputs of the cloud model."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if urn in self._registered:
            self.failures.append(f"{urn} is registered twice: give one of the two another name")
        registration = registered(urn, request)
        self._registered[urn] = registration
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        id_, outputs = self._created(registration)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_, object=encoded(outputs))

    def RegisterResourceOutputs(  # noqa: N802
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Keep the outputs of a component or of the stack."""
        self._outputs[request.urn] = decoded(request.outputs)
        return empty_pb2.Empty()

    def ReadResource(  # noqa: N802
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        """Keep the read; answer as if the resource were there."""
        urn = self.make_urn(request.parent, request.type, request.name)
        self._reads[urn] = Read(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            id=request.id,
            provider=_urn(request.provider),
            dependencies=tuple(sorted(request.dependencies)),
        )
        outputs = cloud_model.read(request.type, request.id)
        if self.mode is Mode.SYMBOLIC:
            outputs = symbolic(self._path(urn), {}, outputs)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=encoded(outputs))

    def Invoke(  # noqa: N802
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        """Keep the call; answer as the cloud model does."""
        args = decoded(request.args)
        self._invocations.append(Invocation(request.tok, args))
        answer = encoded(cloud_model.invoked(request.tok, reveal(args)))
        return resource_pb2.ResourceInvokeResponse(**{"return": answer})

    def _created(self, one: Registration) -> tuple[str, dict[str, Any]]:
        inputs = reveal(one.inputs)
        if not one.is_provider:
            self.failures += [f"{one.type} {one.name}: {why}" for why in cloud_model.failures(one.type, inputs)]
        if self.mode is Mode.PREVIEW and not one.is_provider:
            return "", self._kept_secret(one, cloud_model.previewed(one.type, one.name, inputs))
        id_, outputs = cloud_model.created(one.type, one.name, inputs)
        if self.mode is Mode.SYMBOLIC and not one.is_provider:
            path = self._path(one.urn)
            known = cloud_model.previewed(one.type, one.name, inputs)
            id_, outputs = f"<{path}.id>", symbolic(path, known, outputs)
        return id_, self._kept_secret(one, outputs)

    @staticmethod
    def _kept_secret(one: Registration, outputs: dict[str, Any]) -> dict[str, Any]:
        """Outputs of secret inputs stay secret, and so do those that the program names."""
        hidden = {key for key, value in one.inputs.items() if reveal(value) != value}
        hidden |= set(one.additional_secret_outputs)
        return {key: Secret(value) if key in hidden else value for key, value in outputs.items()}

    def _path(self, urn: str) -> str:
        known = Plan("", self._registered, self._reads, (), {}, {})
        return known.path(urn)


def registered(urn: str, request: resource_pb2.RegisterResourceRequest) -> Registration:
    """What a request says about a resource, without what the SDK adds to every request."""
    timeouts = {name: getattr(request.customTimeouts, name) for name in ("create", "update", "delete")}
    return Registration(
        urn=urn,
        type=request.type,
        name=request.name,
        parent=request.parent,
        custom=request.custom,
        inputs=dict(sorted(decoded(request.object).items())),
        provider=_urn(request.provider),
        providers={package: _urn(reference) for package, reference in sorted(request.providers.items())},
        protect=request.protect,
        retain_on_delete=request.retainOnDelete,
        deleted_with=request.deletedWith,
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        ignore_changes=tuple(sorted(request.ignoreChanges)),
        replace_on_changes=tuple(sorted(request.replaceOnChanges)),
        additional_secret_outputs=tuple(sorted(request.additionalSecretOutputs)),
        aliases=tuple(sorted(filter(None, (_alias(request.type, alias) for alias in request.aliases)))),
        dependencies=tuple(sorted(set(request.dependencies))),
        property_dependencies={
            key: tuple(sorted(set(value.urns)))
            for key, value in sorted(request.propertyDependencies.items())
            if value.urns
        },
        custom_timeouts={name: value for name, value in timeouts.items() if value},
        import_id=request.importId,
    )


def _urn(reference: str) -> str:
    """URN of a provider reference, which is URN::ID."""
    return reference.rpartition("::")[0]


def _alias(type_: str, alias: Any) -> str:
    """An alias of the program as text; "" for those that a package has built in for its older type tokens."""
    if alias.HasField("urn"):
        return str(alias.urn)
    said = {name: str(getattr(alias.spec, name)) for name in ("name", "type", "stack", "project", "parentUrn")}
    said = {name: value for name, value in said.items() if value}
    if alias.spec.noParent:
        said["parent"] = "none"
    if set(said) == {"type"} and _is_older_token(said["type"], type_):
        return ""
    return ", ".join(f"{name} {value}" for name, value in said.items())


def _is_older_token(older: str, type_: str) -> bool:
    (package, *_, name), (package_now, *_, name_now) = older.split(":"), type_.split(":")
    return package == package_now and name.lower() == name_now.lower()
