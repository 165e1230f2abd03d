"""Advice: what a person does after bootstrap: settings, GitHub's variables, the order of the first deployment."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from infra.bootstrap import forwarder
from infra.bootstrap.directory_step import application
from infra.bootstrap.entra import API
from infra.bootstrap.foundation import publishes_here
from infra.bootstrap.github import IDENTITIES
from infra.bootstrap.place import DEPLOY, PREVIEW, Place
from infra.bootstrap.sequence import Reach
from stacks.naming import Names
from stacks.needs import value_of
from stacks.settings import Layer, StackSettings
from stacks.settings.cloud import RegistryMode, VpnSku


@dataclass(frozen=True)
class Advice:
    """Settings that the stack file lacks, the variables of GitHub's environments, and what to do next, in order."""

    settings: dict[str, str]
    variables: dict[str, str]
    order: list[str]
    stack: str

    @property
    def commands(self) -> list[str]:
        """The settings as commands."""
        command = ["pulumi", "config", "set", "--stack", self.stack, "--path"]
        return [shlex.join([*command, key, value]) for key, value in self.settings.items()]


def advice(reach: Reach, place: Place) -> Advice:
    """What is known now: before the first --apply less than after."""
    settings = reach.pulumi.settings()
    known, variables = _settings(reach, place, settings), _variables(reach, place)
    return Advice(known, variables, order(settings, place), settings.stack)


def _settings(reach: Reach, place: Place, settings: StackSettings) -> dict[str, str]:
    """Values that bootstrap knows and the stack file does not hold."""
    known: dict[str, str] = {}
    if publishes_here(settings, place) and not settings.cluster.issuer:
        known["cluster.issuer"] = place.issuer_url
    if (api := application(reach.graph, place.names.application(API))) and not settings.azure.api_audience:
        known["azure.apiAudience"] = str(api["appId"])
    if settings.forwards_logs and (ids := forwarder.ids(reach.graph, place)):
        client_id, object_id = ids
        if value_of(settings, "logs.forwarderId") != client_id:
            known["logs.forwarderId"] = client_id
        if object_id.lower() not in {one.lower() for one in settings.logs.publishers}:
            known[f"logs.publishers[{len(settings.logs.publishers)}]"] = object_id
    return known


def _variables(reach: Reach, place: Place) -> dict[str, str]:
    """What the workflows sign in with; none of it is a secret."""
    azure = place.settings.azure
    found = {}
    for role in (DEPLOY, PREVIEW):
        identity = reach.arm.get(place.github_identity(role), IDENTITIES)
        if identity is not None:
            found[f"AZURE_CLIENT_ID ({role})"] = str(identity["properties"]["clientId"])
    return {
        **found,
        "AZURE_TENANT_ID": azure.tenant_id,
        "AZURE_SUBSCRIPTION_ID": azure.subscription_id,
        "PULUMI_BACKEND_URL": place.backend,
    }


def order(settings: StackSettings, place: Place) -> list[str]:
    """The first deployment, step by step. `up` stands for `pulumi up` as docs/infrastructure.md has it."""
    stack, names = settings.stack, Names(settings)
    lines = [
        f"pulumi login {shlex.quote(place.backend)}",
        f"spy entra {stack} --apply: applications for people to sign in to",
    ]
    if publishes_here(settings, place):
        lines.append(f"spy cluster identity {stack}: k3s arguments, then its issuer documents into {place.issuer_url}")
    lines.append("cloud: set deploy.images to false, and up without the layers vpn, cluster and releases")
    after = [f"spy entra {stack} --apply again: the cluster's identities are publishers"]
    if settings.includes(Layer.CLUSTER) and settings.registry.mode is RegistryMode.OWN:
        after.append(f"spy bootstrap {stack} --apply again: the password of the token {names.registry_token}")
    lines += after
    lines.append("images, and the web app: remove deploy.images, and up without vpn, cluster and releases")
    if settings.includes(Layer.VPN) and settings.vpn.sku is not VpnSku.NONE:
        lines.append("vpn: up without cluster and releases; 45 minutes that nothing waits for")
    if settings.includes(Layer.CLUSTER):
        lines += [f"spy cluster prepare {stack} on the node, then cluster: up without releases"]
    if settings.includes(Layer.RELEASES):
        lines.append("releases: up")
    return lines
