"""One control plane for all tests of a session, and a namespace of its own for each test that wants one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from tests.cluster import manifests
from tests.cluster.control_plane import ControlPlane, running_control_plane
from tests.engine.conftest import _programs_broken_off_end_silently

__all__ = ["_programs_broken_off_end_silently"]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A running control plane with one node; its logs stay in the session's temporary folder."""
    with running_control_plane(tmp_path_factory.mktemp("control-plane")) as plane:
        yield plane


@pytest.fixture
def namespace(cluster: ControlPlane) -> Iterator[str]:
    """A new namespace with restricted Pod Security, in which the default ServiceAccount is there."""
    name = f"test-{secrets.token_hex(4)}"
    cluster.admin.apply(manifests.namespace(name))
    cluster.admin.until("v1", "ServiceAccount", "default", name)
    yield name
    cluster.admin.delete("v1", "Namespace", name, wait=False)
