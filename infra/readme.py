"""Readme: what a console shows first of a stack: where things are, what they cost, what is guarded. Markdown only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from stacks.checks import remarks
from stacks.costs import monthly
from stacks.settings import Layer, StackSettings

ADDRESSES = {
    "site_url": "The page",
    "webapp_url": "The web app behind it",
    "tables_endpoint": "Tables",
    "tables_private_address": "Tables, seen through the tunnel",
    "signalr_host": "SignalR",
    "vault_uri": "Key Vault",
    "registry_host": "Images",
    "vpn_public_address": "VPN gateway",
    "log_ingestion_endpoint": "Log lines go to",
    "namespace": "Namespace in the cluster",
    "backend_in_cluster": "The backend, inside the cluster",
    "grafana_node_port": "Grafana, port of every node",
}
"""Outputs that are addresses, by what they are to a reader, the most asked for first."""

GUARDED = "VPN gateway, storage account and tables, Key Vault and its secrets, log workspace, registry"


def readme(settings: StackSettings, told: Mapping[str, pulumi.Input[Any]]) -> pulumi.Output[str]:
    """The readme of a stack from its settings and its outputs, by their names in infra/outputs.py."""
    lines: list[pulumi.Input[str]] = [_head(settings)]
    lines += [
        pulumi.Output.concat(f"| {title} | ", _shown(told[name]), " |\n")
        for name, title in ADDRESSES.items()
        if name in told
    ]
    return pulumi.Output.concat(*lines, _tail(settings))


def _shown(address: pulumi.Input[Any]) -> pulumi.Output[str]:
    """An address; a run that leaves a layer out learns no address of what is not there yet."""
    return pulumi.Output.from_input(address).apply(lambda known: str(known or "not deployed yet"))


def _head(settings: StackSettings) -> str:
    layers = ", ".join(layer.value for layer in Layer if settings.includes(layer))
    return (
        f"# {settings.project_name}, stack {settings.stack}\n\n"
        f"Layers: {layers}. Everything here is declared by one program: change the settings, never the portal.\n\n"
        "| What | Where |\n|---|---|\n"
    )


def _tail(settings: StackSettings) -> str:
    said = [
        "",
        f"- See what a change would do: `spy plan {settings.stack}`, then `pulumi preview -s {settings.stack}`.",
        "- Every output by name: `pulumi stack output`; what each is: docs/outputs.md.",
    ]
    budget = settings.budget.amount
    if settings.includes(Layer.CLOUD):
        said += [
            f"- About {monthly(settings):.2f} USD a month (`spy cost {settings.stack}`), budget {budget}:"
            " mails at 80, 90 and 100 % spent and at 100 % foreseen, to the contacts of the alerts.",
            "- The workbook under Monitor in the portal shows whether the cloud half works.",
            f"- Protected: {GUARDED}. `pulumi destroy --exclude-protected` leaves them.",
        ]
    if settings.includes(Layer.CLUSTER):
        said += ["- Protected in the cluster: the namespace, the volumes and their claims. The bot starts paused."]
    said += [f"- Said with intent: {remark}" for remark in remarks(settings)]
    return "\n".join([*said, ""])
