"""Exceptions: what is let past a rule, by name and with the reason. The only place; nothing is exempt silently."""

from __future__ import annotations

from dataclasses import dataclass

from infra.policies.subject import Subject
from stacks.naming import LOG_FORWARDER

ISSUER_DOCUMENTS = "issuer-documents"
"""Logical name of the account, and of its one container, that hold the cluster's published issuer documents."""


@dataclass(frozen=True)
class Exemption:
    """One resource that one rule leaves alone, by type and logical name."""

    rule: str
    type: str
    name: str
    reason: str


GATEWAYS = ("ibkr-gateway", "ibkr-gateway-paper")
WRITES_ITS_HOME = (
    "the broker's image writes its configuration beside its programs when it starts; it runs as user 1000, who may "
    "write there and nowhere else"
)
SPEAKS_NO_HTTP = (
    "its probe is a command that speaks the greeting of the broker's API and wants the gateway's version back; a "
    "connection alone would prove the port's forwarder"
)

EXEMPTIONS = (
    Exemption(
        "no-public-blob",
        "azure-native:storage:StorageAccount",
        ISSUER_DOCUMENTS,
        "Entra reads the cluster's public signing keys from it without signing in; the account holds nothing else",
    ),
    Exemption(
        "no-public-blob",
        "azure-native:storage:BlobContainer",
        ISSUER_DOCUMENTS,
        "the container of these documents: public by their purpose",
    ),
    Exemption(
        "container-non-root",
        "kubernetes:apps/v1:DaemonSet",
        LOG_FORWARDER,
        "the node's log files are root's and open to nobody else; it has no capability, gains none, and writes only to "
        "its buffer",
    ),
    *(
        Exemption("container-read-only", "kubernetes:apps/v1:StatefulSet", gateway, WRITES_ITS_HOME)
        for gateway in GATEWAYS
    ),
    *(Exemption("container-probes", "kubernetes:apps/v1:StatefulSet", gateway, SPEAKS_NO_HTTP) for gateway in GATEWAYS),
)

NO_SECRETS = {
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "it names an endpoint and lets its holder write telemetry, nothing else; "
    "web pages carry it in the open",
}
"""Settings whose name sounds like a secret and whose value is none, with the reason."""


def is_exempt(rule: str, one: Subject) -> bool:
    """Whether a rule leaves this resource alone."""
    return any((each.rule, each.type, each.name) == (rule, one.type, one.name) for each in EXEMPTIONS)
