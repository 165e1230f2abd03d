"""Live: how pulumi-kubernetes compares what a program declares with what a cluster holds. Pure; asks no server.

Source: pulumi-kubernetes 4.34, provider/pkg/provider/provider.go (Diff, Read, ids) and clients/normalize.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from tests.cluster.api import Manifest
from tests.engine.messages import INTERNAL, Properties, changed_paths

AUTONAMED = "pulumi.com/autonamed"
FIELD_MANAGER = "__fieldManager"
"""Where the state keeps under which name a resource's fields are its own; made up once, as its name is."""
SERVER_OWNED = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid", "selfLink")
"""Metadata that is no input."""


def kind_of(token: str) -> tuple[str, str]:
    """apiVersion and kind of a type such as kubernetes:apps/v1:Deployment, of a Patch those of what it patches."""
    _, version, kind = token.split(":")
    return version.removeprefix("core/"), kind.removesuffix("Patch") if is_patch(token) else kind


def is_patch(token: str) -> bool:
    """Whether a resource manages some fields of an object that belongs to somebody else."""
    return token.endswith("Patch")


def manifest(token: str, inputs: Properties) -> Manifest:
    """The object that inputs declare: without what the SDK keeps for itself, and with a Secret's text encoded."""
    version, kind = kind_of(token)
    declared = {key: deepcopy(value) for key, value in inputs.items() if not key.startswith(INTERNAL)}
    declared = {"apiVersion": version, "kind": kind, **declared}
    if kind == "Secret" and (text := declared.pop("stringData", None)):
        encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in text.items()}
        declared["data"] = {**declared.get("data", {}), **encoded}
    return declared


def identifier(live: Manifest) -> str:
    """NAMESPACE/NAME, or NAME of an object that is in no namespace."""
    metadata = live["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else str(metadata["name"])


def named(id_: str) -> tuple[str, str]:
    """Name and namespace in an id."""
    namespace, _, name = id_.rpartition("/")
    return name, namespace


def pruned(live: Any, shape: Any) -> Any:
    """Of what the cluster holds, what the program says something about."""
    if isinstance(live, Mapping) and isinstance(shape, Mapping):
        return {key: pruned(live[key], shape[key]) for key in shape if key in live}
    if isinstance(live, list) and isinstance(shape, list):
        return [pruned(one, like) for one, like in zip(live, shape, strict=False)]
    return live


def as_inputs(live: Manifest) -> Properties:
    """What an import takes over as inputs: everything but status and what the server keeps."""
    inputs = {key: deepcopy(value) for key, value in live.items() if key != "status"}
    inputs["metadata"] = {key: value for key, value in inputs["metadata"].items() if key not in SERVER_OWNED}
    return inputs


def changes(token: str, before: Properties, live: Properties, after: Properties) -> dict[str, str]:
    """Paths in which new inputs differ from what the cluster was last seen to hold, with add, delete or update.

    Only what old or new inputs say something about counts. A value that the server writes otherwise than the program
    does ("1000m" for "1") differs for ever, as it does with the real provider.
    """
    old_shape, new = manifest(token, before), manifest(token, after)
    base = pruned(manifest(token, live), old_shape)
    return {path: how for path, how in changed_paths(base, new).items() if not path.startswith("status")}


def without_paths(changed: Mapping[str, str], ignored: Iterable[str]) -> dict[str, str]:
    """Changes that the program does not ignore."""
    prefixes = tuple(ignored)
    return {
        path: how
        for path, how in changed.items()
        if not any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in prefixes)
    }


def field_manager(state: Properties) -> str:
    """The name that the state keeps, or a new one."""
    return str(state.get(FIELD_MANAGER) or f"pulumi-kubernetes-{secrets.token_hex(4)}")


def give_way(declared: Manifest, live: Manifest, ignored: Iterable[str], manager: str) -> Manifest:
    """The object to apply: an ignored field is left to who owns it now, or kept as it is when nobody else does."""
    result = deepcopy(declared)
    for path in ignored:
        *above, last = path.split(".")
        parent, now = _at(result, above), _at(live, path.split("."))
        if not isinstance(parent, dict):
            continue
        if _owned_by_others(live, path, manager) or now is None:
            parent.pop(last, None)
        else:
            parent[last] = now
    return result


def give_name(token: str, name: str, inputs: Properties, before: Properties) -> None:
    """Make up a name where the program gives none, the same one as before when there was one."""
    metadata = inputs.setdefault("metadata", {})
    if not isinstance(metadata, dict) or metadata.get("name"):
        return
    if is_patch(token):
        raise ValueError(f"{name}: a Patch resource must name what it patches")
    kept = before.get("metadata") or {}
    made_up = (kept.get("annotations") or {}).get(AUTONAMED) == "true"
    metadata["name"] = kept["name"] if made_up else f"{name}-{secrets.token_hex(4)}"
    metadata["annotations"] = {**(metadata.get("annotations") or {}), AUTONAMED: "true"}


def same_fixed_name(before: Properties, after: Properties) -> bool:
    """Whether both are one object in the cluster, so that the old one must go before the new one comes."""
    one, other = before.get("metadata") or {}, after.get("metadata") or {}
    made_up = (other.get("annotations") or {}).get(AUTONAMED) == "true"
    return not made_up and all(one.get(key) == other.get(key) for key in ("name", "namespace"))


def _at(value: Any, keys: Iterable[str]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _owned_by_others(live: Manifest, path: str, manager: str) -> bool:
    """Whether another manager owns the field and this one does not."""
    fields = [f"f:{key}" for key in path.split(".")]
    entries = live["metadata"].get("managedFields", [])
    owners = {entry["manager"] for entry in entries if _at(entry["fieldsV1"], fields) is not None}
    return bool(owners) and manager not in owners
