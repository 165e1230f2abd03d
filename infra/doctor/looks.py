"""Looks: everything that the doctor looks at for a stack, in the order it is told. The one list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from azure.core.credentials import TokenCredential

from infra.bootstrap.arm import Arm
from infra.bootstrap.place import Place
from infra.bootstrap.refusal import Refused
from infra.cluster_identity.issuer import REFUSALS
from infra.cluster_prepare.file_system import FileSystemRefused
from infra.cluster_reader import ClusterUnreadable
from infra.doctor import azure, cluster, registry
from infra.doctor import settings as settings_looks
from infra.doctor.finding import Look
from infra.doctor.state import state
from infra.doctor.tools import tools
from infra.kubeconfig import NoContext
from infra.registry_client import RegistryRefused
from stacks.refusal import SettingsRefused
from stacks.settings import Layer, StackSettings
from stacks.settings.cloud import RegistryMode
from stacks.settings.platform import ClusterIdentity

SAID = (Refused, *REFUSALS, ClusterUnreadable, NoContext, RegistryRefused, FileSystemRefused, SettingsRefused)


@dataclass(frozen=True)
class Means:
    """What the looks look with."""

    settings: StackSettings
    root: Path
    credential: TokenCredential
    arm: Arm
    today: date


def looks(means: Means) -> list[Look]:
    """The looks that the stack's layers and settings give reason for."""
    settings = means.settings
    found = [
        Look("settings", lambda: settings_looks.needs(settings), SAID),
        Look("settings that fit", lambda: settings_looks.fits(settings, means.root), SAID),
        Look("tools", lambda: tools(settings, means.root), SAID),
        Look("state", lambda: state(settings, means.root), SAID, limit_seconds=190.0),
    ]
    if settings.includes(Layer.CLOUD) and settings.azure.subscription_id:
        found += _cloud(means)
    own = settings.registry.mode is RegistryMode.OWN and settings.includes(Layer.CLOUD)
    if settings.includes(Layer.IMAGES) and (settings.azure.subscription_id or not own):
        found.append(Look("registry", lambda: registry.registry(settings, means.credential, means.arm), SAID))
    if settings.includes(Layer.CLUSTER) and settings.cluster.context:
        found += _cluster(settings)
    return [*found, Look("ends", lambda: settings_looks.ends(settings, means.today), SAID)]


def _cloud(means: Means) -> list[Look]:
    arm, place = means.arm, Place(means.settings)
    return [
        Look("azure login", lambda: azure.login(means.credential, arm, place), SAID),
        Look("resource providers", lambda: azure.providers(arm, place), SAID),
        Look("resource group", lambda: azure.group(arm, place), SAID),
        Look("global names", lambda: azure.names(arm, means.settings), SAID),
    ]


def _cluster(settings: StackSettings) -> list[Look]:
    found = [
        Look("cluster", lambda: cluster.cluster(settings), SAID),
        Look("volumes", lambda: cluster.folders(settings), SAID),
    ]
    federated = settings.cluster.identity is ClusterIdentity.FEDERATED and settings.includes(Layer.CLOUD)
    if federated and settings.cluster.issuer and settings.cluster.uid:
        found.append(Look("cluster issuer", lambda: cluster.issuer(settings), SAID))
    return found
