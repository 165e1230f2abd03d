"""The control plane that the platform's tests share: one a session, started by the first test that asks for it."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import count

import pytest

from tests.cluster import manifests
from tests.cluster.control_plane import ControlPlane, running_control_plane

_PLANE = pytest.StashKey[ControlPlane]()
_numbers = count(1)


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ControlPlane:
    """A running control plane, whichever folder's tests ask; its logs stay in the session's temporary folder."""
    if _PLANE not in request.config.stash:
        running = ExitStack()
        request.config.add_cleanup(running.close)
        folder = tmp_path_factory.mktemp("control-plane")
        request.config.stash[_PLANE] = running.enter_context(running_control_plane(folder))
    return request.config.stash[_PLANE]


@pytest.fixture
def namespace(cluster: ControlPlane) -> str:
    """A new namespace; it goes with the control plane."""
    name = f"test-{next(_numbers)}"
    cluster.admin.apply(manifests.namespace(name))
    cluster.admin.until("v1", "ServiceAccount", "default", name)
    return name
