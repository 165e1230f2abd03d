"""Service checks: replicas against store, hub and nodes (D8, D9); symbols against market-data lines (D21)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stacks.settings import Layer, StackSettings
from stacks.settings.cloud import SignalrSku
from stacks.settings.platform import Hub, Store


def alone(settings: StackSettings) -> Iterator[str]:
    """Services that would not work together, or ask for more lines than the login has."""
    services = settings.services
    yield from _one_process(settings)
    if settings.includes(Layer.CLUSTER) and settings.cluster.nodes > 1 and not settings.cluster.shared_volumes:
        yield (
            f"cluster.nodes is {settings.cluster.nodes} and the volumes are of one node: set cluster.sharedVolumes to "
            "true where every node can mount them, or cluster.nodes to 1"
        )
    yield from _symbols(services.symbols)
    asked = len(services.symbols) * services.lines_per_symbol
    left = services.data_lines - services.reserved_lines
    if asked > left:
        yield (
            f"services.symbols takes {asked} market-data lines ({len(services.symbols)} x services.linesPerSymbol "
            f"{services.lines_per_symbol}) and the login has {left} (services.dataLines {services.data_lines} less "
            f"services.reservedLines {services.reserved_lines}): watch fewer symbols, lower services.linesPerSymbol or "
            "rent lines"
        )


def _one_process(settings: StackSettings) -> Iterator[str]:
    """SQLite and the embedded hub live in one backend; the web app of the cloud layer would be another."""
    services = settings.services
    for key, value, single, shared in (
        ("services.store", services.store, Store.SQLITE, Store.TABLES),
        ("services.hub", services.hub, Hub.EMBEDDED, Hub.AZURE),
    ):
        if value is not single:
            continue
        if settings.includes(Layer.CLOUD):
            yield f"{key} is {single} and the web app of the layer cloud is a second backend: set {key} to {shared}"
        elif settings.includes(Layer.CLUSTER) and services.backend_replicas > 1:
            yield (
                f"services.backendReplicas is {services.backend_replicas} and {key} is {single}, which one backend "
                f"alone can serve: set services.backendReplicas to 1 or {key} to {shared}"
            )


def _symbols(symbols: tuple[str, ...]) -> Iterator[str]:
    for symbol in symbols:
        if not re.fullmatch(r"[A-Z]{1,6}", symbol):
            yield f"services.symbols holds {symbol!r}: write a symbol in one to six capital letters"
    if len(set(symbols)) != len(symbols):
        yield "services.symbols names a symbol twice: name each once"


def remarks(settings: StackSettings) -> Iterator[str]:
    """What the chosen plans give."""
    if settings.includes(Layer.CLOUD) and settings.signalr.sku is SignalrSku.FREE:
        yield (
            f"signalr.sku Free_F1 carries 20 viewers and {settings.signalr.message_quota_per_day:,} messages a day: "
            "the beat of the page follows from both"
        )
