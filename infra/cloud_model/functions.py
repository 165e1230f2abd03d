"""Functions: what a provider answers to a read of an existing resource, and to an invoke."""

from __future__ import annotations

from typing import Any

from infra.cloud_model.creation import created
from infra.cloud_model.outputs import TENANT, guid
from infra.cloud_model.paths import PATHS, SUBSCRIPTION

Outputs = dict[str, Any]


def read(token: str, id_: str) -> Outputs:
    """Outputs of a resource that exists under this id. Raises KeyError for a type without a model."""
    if token.startswith("kubernetes:"):
        space, _, name = id_.rpartition("/")
        metadata = {"name": name, **({"namespace": space} if space else {})}
        return created(token, name, {"metadata": metadata})[1]
    if token not in PATHS:
        raise KeyError(f"{token} has no path: add it to infra/cloud_model/paths.py")
    parts, template = id_.strip("/").split("/"), PATHS[token].strip("/").split("/")
    inputs = {slot[1:-1]: part for slot, part in zip(template, parts, strict=False) if slot.startswith("{")}
    return created(token, parts[-1], inputs)[1]


def invoked(token: str, args: Outputs) -> Outputs:  # noqa: ARG001
    """Result of a provider function. Raises KeyError for one that the program has no business calling.

    Functions that list keys are among these: a key would land in the state file.
    """
    if token not in FUNCTIONS:
        raise KeyError(f"{token} is no function this program may call (infra/cloud_model/functions.py)")
    return dict(FUNCTIONS[token])


FUNCTIONS: dict[str, Outputs] = {
    "azure-native:authorization:getClientConfig": {
        "clientId": guid("client"),
        "objectId": guid("object"),
        "subscriptionId": SUBSCRIPTION,
        "tenantId": TENANT,
    },
}
