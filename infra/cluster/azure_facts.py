"""AzureFacts: what the cluster takes from the cloud layer: addresses and identities, never a key. Data only."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class AzureFacts:
    """Outputs of the cloud layer; a stack without that layer has none of these."""

    tenant_id: str
    tables_endpoint: pulumi.Output[str]
    signalr_endpoint: pulumi.Output[str]
    insights_connection_string: pulumi.Output[str]
    detector_client_id: pulumi.Output[str]
    backend_client_id: pulumi.Output[str]
    bot_client_id: pulumi.Output[str]
    log_ingestion_endpoint: pulumi.Output[str]
    log_rule_id: pulumi.Output[str]
    """Immutable id of the rule that takes the forwarder's lines."""
