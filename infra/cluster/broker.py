"""Broker: where the stack's clients of the broker connect, by what answers there. Pure; declares nothing."""

from __future__ import annotations

from dataclasses import dataclass

from apps.contracts.names import Port
from infra.cluster.objects import App, GatewayPort, Service
from stacks.settings import StackSettings
from stacks.settings.platform import GatewayMode


@dataclass(frozen=True)
class Broker:
    """A login's address inside the namespace: Service, port of it and of its pods, and the workload behind it."""

    host: str
    port: int
    app: str


LIVE = Broker(Service.GATEWAY, GatewayPort.LIVE, App.GATEWAY)
PAPER = Broker(Service.PAPER_GATEWAY, GatewayPort.PAPER, App.PAPER_GATEWAY)
SIMULATOR = Broker(Service.SIMULATOR, Port.SIMULATOR, App.SIMULATOR)


def is_simulated(settings: StackSettings) -> bool:
    """Whether the simulator stands in for every login."""
    return settings.cluster.gateway is GatewayMode.SIMULATOR


def for_data(settings: StackSettings) -> Broker:
    """Where the detector reads quotes. With `gateway: paper` one login serves both, and this is the paper gateway."""
    return {GatewayMode.LIVE_AND_PAPER: LIVE, GatewayMode.PAPER: PAPER, GatewayMode.SIMULATOR: SIMULATOR}[
        settings.cluster.gateway
    ]


def for_orders(settings: StackSettings) -> Broker:
    """Where the bot trades: on paper, always."""
    return SIMULATOR if is_simulated(settings) else PAPER


def gateways(settings: StackSettings) -> tuple[Broker, ...]:
    """The broker's own gateways that the stack runs; none with the simulator."""
    both = dict.fromkeys((for_data(settings), for_orders(settings)))
    return tuple(one for one in both if one is not SIMULATOR)
