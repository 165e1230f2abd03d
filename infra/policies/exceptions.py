"""Exceptions: what is let past a rule, by name and with the reason. The only place; nothing is exempt silently."""

from __future__ import annotations

from dataclasses import dataclass

from infra.policies.subject import Subject

ISSUER_DOCUMENTS = "issuer-documents"
"""Logical name of the account, and of its one container, that hold the cluster's published issuer documents."""


@dataclass(frozen=True)
class Exemption:
    """One resource that one rule leaves alone, by type and logical name."""

    rule: str
    type: str
    name: str
    reason: str


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
)

NO_SECRETS = {
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "it names an endpoint and lets its holder write telemetry, nothing else; "
    "web pages carry it in the open",
}
"""Settings whose name sounds like a secret and whose value is none, with the reason."""


def is_exempt(rule: str, one: Subject) -> bool:
    """Whether a rule leaves this resource alone."""
    return any((each.rule, each.type, each.name) == (rule, one.type, one.name) for each in EXEMPTIONS)
