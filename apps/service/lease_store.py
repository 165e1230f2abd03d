"""Where a symbol's Lease is kept: one object of the API server. Reads and writes it; decides nothing."""

from __future__ import annotations

from http import HTTPStatus

from apps.service.kubernetes_api import ApiRefused, KubernetesApi
from apps.service.lease_record import API_VERSION, LeaseRecord


class ClusterLeaseStore:
    """`namespace/name` on one API server."""

    def __init__(self, api: KubernetesApi, namespace: str, name: str) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name
        self._folder = f"/apis/{API_VERSION}/namespaces/{namespace}/leases"

    async def get(self, *, seconds: float) -> LeaseRecord | None:
        """The Lease; None when there is none. Raises ClusterError."""
        try:
            return LeaseRecord(await self._api.request("GET", f"{self._folder}/{self._name}", seconds=seconds))
        except ApiRefused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def blank(self) -> LeaseRecord:
        """The one to make when there is none."""
        return LeaseRecord.blank(self._name, self._namespace)

    async def create(self, record: LeaseRecord, *, seconds: float) -> LeaseRecord:
        """Make it. Raises ClusterError; ApiRefused 409 when there is one."""
        return LeaseRecord(await self._api.request("POST", self._folder, record.content, seconds=seconds))

    async def replace(self, record: LeaseRecord, *, seconds: float) -> LeaseRecord:
        """Replace the version it was read from. Raises ClusterError; ApiRefused 409 when there is a newer one."""
        path = f"{self._folder}/{self._name}"
        return LeaseRecord(await self._api.request("PUT", path, record.content, seconds=seconds))

    async def close(self) -> None:
        """Let go of the connection."""
        await self._api.close()
