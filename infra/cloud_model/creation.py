"""Creation: what a provider answers to a Create: an id, and outputs that are the inputs and what the cloud computes."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from pulumi.runtime.rpc import UNKNOWN

from infra.cloud_model.outputs import COMMON, COMPUTED, New, guid
from infra.cloud_model.paths import PATHS, generated, identifier
from infra.cloud_model.schema import optional_outputs, outputs_of

Outputs = dict[str, Any]


def created(token: str, name: str, inputs: Outputs) -> tuple[str, Outputs]:
    """Id and outputs of a new resource. Raises KeyError for an Azure type without a path, a package without a model."""
    package, _, _ = token.partition(":")
    if package not in MODELS:
        raise KeyError(f"{token} is of a package without a model: add it to infra/cloud_model/creation.py")
    return MODELS[package](token, name, inputs)


def previewed(token: str, name: str, inputs: Outputs) -> Outputs:
    """Outputs before the resource exists: inputs, what the provider's Check adds, unknown what the cloud adds within.

    What the cloud adds beside the inputs is left out: the SDK takes it for unknown.
    """
    if token.startswith("kubernetes:") and "helm.sh" not in token:
        return {**inputs, "metadata": _metadata(token, name, inputs)}
    echoed = _echoed(inputs)
    computed = COMPUTED[token](New("", name, echoed)) if token in COMPUTED else {}
    return {key: _with_unknowns(value, computed.get(key)) for key, value in echoed.items()}


def _with_unknowns(known: Any, computed: Any) -> Any:
    """An object of the inputs with what the cloud adds within it, as unknown."""
    if not isinstance(known, dict) or not isinstance(computed, dict):
        return known
    added = {key: UNKNOWN for key in computed if key not in known}
    return {**added, **{key: _with_unknowns(value, computed.get(key)) for key, value in known.items()}}


def _echoed(inputs: Outputs) -> Outputs:
    """Inputs in the shape of outputs: Azure answers a list of user-assigned identities with an object by their ids."""
    given = (inputs.get("identity") or {}).get("userAssignedIdentities")
    if not isinstance(given, list):
        return dict(inputs)
    answered: Any = {id_: {"principalId": guid(f"{id_}/principal"), "clientId": guid(f"{id_}/client")} for id_ in given}
    if UNKNOWN in given:
        answered = UNKNOWN
    return {**inputs, "identity": {**inputs["identity"], "userAssignedIdentities": answered}}


def _azure(token: str, name: str, inputs: Outputs) -> tuple[str, Outputs]:
    id_ = identifier(token, name, inputs)
    own = id_.rsplit("/", 1)[-1]
    inputs = _echoed(inputs)
    new = New(id_, own, inputs)
    computed = COMPUTED[token](new) if token in COMPUTED else {}
    declared, optional = outputs_of(token), optional_outputs(token)
    filled: Outputs = {}
    for key in declared:
        if key == "name":
            filled[key] = own
        elif key == "type":
            filled[key] = _arm_type(token)
        elif key in COMMON and key not in optional:
            filled[key] = COMMON[key](new)
        elif declared[key] is str and key not in optional:
            filled[key] = f"{own}-{key}"
    return id_, {**filled, **inputs, **computed}


def _arm_type(token: str) -> str:
    if "/providers/" not in PATHS[token]:
        return "Microsoft.Resources/resourceGroups"
    parts = PATHS[token].rpartition("/providers/")[2].split("/")
    return "/".join([parts[0], *parts[1::2]])


def _kubernetes(token: str, name: str, inputs: Outputs) -> tuple[str, Outputs]:
    if token.startswith("kubernetes:helm.sh/"):
        release, namespace = inputs.get("name") or generated(token, name), inputs.get("namespace") or "default"
        status = {"name": release, "namespace": namespace, "revision": 1, "status": "deployed"}
        return f"{namespace}/{release}", {**inputs, "name": release, "namespace": namespace, "status": status}
    metadata = _metadata(token, name, inputs)
    space = metadata.get("namespace")
    id_ = f"{space}/{metadata['name']}" if space else str(metadata["name"])
    return id_, {**inputs, "metadata": {**metadata, "uid": guid(f"{token} {id_}"), "resourceVersion": "1"}}


def _metadata(token: str, name: str, inputs: Outputs) -> Outputs:
    given = inputs.get("metadata")
    given = given if isinstance(given, dict) else {}
    return {**given, "name": given.get("name") or generated(token, f"{name}-")}


def _random(token: str, name: str, inputs: Outputs) -> tuple[str, Outputs]:
    text = "".join(sha256(f"{token} {name} {part}".encode()).hexdigest() for part in range(4))
    result = text[: int(inputs.get("length", 32))]
    return "none", {**inputs, "result": result, "bcryptHash": f"$2a$10${text[:53]}"}


def _image(token: str, name: str, inputs: Outputs) -> tuple[str, Outputs]:  # noqa: ARG001
    digest = f"sha256:{sha256(f'image {name}'.encode()).hexdigest()}"
    tag = (inputs.get("tags") or [name])[0]
    context_hash = sha256(f"context {name}".encode()).hexdigest()
    return digest, {**inputs, "digest": digest, "ref": f"{tag}@{digest}", "contextHash": context_hash}


def _provider(token: str, name: str, inputs: Outputs) -> tuple[str, Outputs]:
    return guid(f"{token} {name}"), dict(inputs)


MODELS: dict[str, Callable[[str, str, Outputs], tuple[str, Outputs]]] = {
    "azure-native": _azure,
    "kubernetes": _kubernetes,
    "random": _random,
    "docker-build": _image,
    "pulumi": _provider,
}
