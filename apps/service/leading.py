"""Choose how a symbol's lead is held: by a file of this machine or by a Lease of the cluster. Starts nothing."""

from __future__ import annotations

from pathlib import Path

from apps.contracts.base import Symbol
from apps.contracts.names import lease_name
from apps.service.kubernetes_api import ClusterAddress, KubernetesApi, NotInCluster
from apps.service.leadership import Leadership, LeadershipSettings
from apps.service.lease import SymbolLease
from apps.service.lease_store import ClusterLeaseStore
from apps.service.lock import SymbolLock
from apps.service.run import CannotStart


def leadership_of(settings: LeadershipSettings, symbol: Symbol, lock_directory: Path) -> Leadership:
    """The lead of `symbol` as the settings say. Raises CannotStart for a Lease outside a cluster."""
    if settings.leadership == "file":
        return SymbolLock(lock_directory, symbol)
    try:
        address = ClusterAddress.of_pod(settings.kubernetes_credentials_dir)
    except NotInCluster as error:
        raise CannotStart(f"LEADERSHIP=lease cannot be used here. {error}") from error
    store = ClusterLeaseStore(KubernetesApi(address), settings.namespace, lease_name(symbol))
    return SymbolLease(store, settings.pod_name, settings.lease_seconds)
