"""Objects: what the cluster's objects are called where another one names them. Inside the namespace; the same for every
stack (requirements C6, C21, C27, P3). Names beyond the namespace are in stacks/naming.py.
"""

from __future__ import annotations

from typing import Final


class App:
    """Label `app`, and name, of each workload."""

    DETECTOR: Final = "detector"
    BACKEND: Final = "backend"
    BOT: Final = "trading-bot"
    GATEWAY: Final = "ibkr-gateway"
    PAPER_GATEWAY: Final = "ibkr-gateway-paper"
    SIMULATOR: Final = "simulator"
    SCALER: Final = "ibkr-scaler"


class Service:
    """Services, by which workloads find one another."""

    DETECTOR: Final = "detector-service"
    BACKEND: Final = "backend-service"
    BOT: Final = "bot-service"
    GATEWAY: Final = "ibkr-gateway-service"
    PAPER_GATEWAY: Final = "ibkr-gateway-paper-service"
    SIMULATOR: Final = "simulator-service"


class Config:
    """ConfigMaps: one that all services share, and one for what each has to itself."""

    SHARED: Final = "bot-config"
    DETECTOR: Final = "detector-config"
    BACKEND: Final = "backend-config"
    BOT: Final = "trading-bot-config"


class Credentials:
    """Secrets."""

    AZURE: Final = "azure-credentials"
    IBKR: Final = "ibkr-credentials"
    IBKR_PAPER: Final = "ibkr-paper-credentials"
    PUBLISHER: Final = "publisher-credentials"
    REGISTRY: Final = "acr-secret"


class GatewayPort:
    """Ports of the gateways' image: the live and the paper interface, each behind its own forwarder."""

    LIVE: Final = 4003
    PAPER: Final = 4004


APP_LABEL: Final = "app"
STACK_LABEL: Final = "app.kubernetes.io/instance"
PART_OF_LABEL: Final = "app.kubernetes.io/part-of"


def claim(volume: str) -> str:
    """Claim of a volume of stacks.naming.VOLUMES."""
    return f"pvc-{volume}"
