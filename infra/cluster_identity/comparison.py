"""Comparison: what a cluster serves of its issuer against what is published of it. Pure; repairs nothing."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.cluster_identity.documents import Documents
from infra.cluster_identity.keys import KeysRefused, PublicKey, from_key_set

_SHORT = reprlib.Repr()
_SHORT.maxstring = 300


@dataclass(frozen=True)
class Published:
    """The two documents as anybody reads them from the issuer's URL; None for one that is not there."""

    discovery: Mapping[str, Any] | None
    key_set: Mapping[str, Any] | None


def differences(stack: str, wanted: Documents, published: Published, signs_as: str | None) -> list[str]:
    """A sentence for each difference, with its cure; empty when tokens verify.

    `signs_as`: the issuer that the API server signs as today; None where nobody asked a cluster.
    """
    publish = f"'spy cluster identity {stack} --apply'"
    found = list(_documents(wanted, published, publish))
    if signs_as is not None and signs_as != wanted.issuer:
        found.append(
            f"the API server signs as {signs_as} and not as cluster.issuer: give k3s the arguments of 'spy cluster "
            f"identity {stack}' and restart it, once the documents are published"
        )
    return found


def _documents(wanted: Documents, published: Published, publish: str) -> Iterator[str]:
    if published.discovery is None or published.key_set is None:
        yield f"{wanted.issuer} publishes no documents, so Azure takes no token of this cluster: {publish}"
        return
    for name, value in wanted.discovery.items():
        told = published.discovery.get(name)
        if told != value:
            yield f"the published document has {name} {_SHORT.repr(told)} where {value!r} belongs: {publish}"
    yield from _keys(wanted.keys, published.key_set, publish)


def _keys(served: tuple[PublicKey, ...], key_set: Mapping[str, Any], publish: str) -> Iterator[str]:
    try:
        there = from_key_set(key_set, "the published key set")
    except KeysRefused as refused:
        yield f"{refused}: {publish}"
        return
    if unknown := [key.kid for key in served if key not in there]:
        yield (
            f"k3s has changed keys: it serves {_named(unknown)}, not published, and Azure refuses what it signs with "
            f"that: {publish}"
        )
    kept = {key.kid for key in served}
    if gone := [key.kid for key in there if key.kid not in kept]:
        yield f"k3s no longer has {_named(gone)}, which is still published and trusted: {publish}"


def _named(kids: list[str]) -> str:
    return f"the key {kids[0]}" if len(kids) == 1 else f"the keys {', '.join(kids)}"
