"""The shared control plane, for tests of what a service does in a cluster."""

from tests.one_cluster import cluster, namespace

__all__ = ["cluster", "namespace"]
