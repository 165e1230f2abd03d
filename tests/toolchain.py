"""Where tests find the external programs of tools/versions.toml. Never builds them: make setup-test does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.external import SKIP, externals


def pulumi_cli() -> Path:
    """The pinned Pulumi engine, or the one that PULUMI_CLI names.

    Skips the test when SKIP_ENGINE is 1; otherwise raises ToolMissing, which says how to get it.
    """
    return _located("pulumi", "pulumi")


def azurite(program: str = "azurite-blob") -> Path:
    """A program of Azurite: azurite-blob or azurite-table. tests/azurite.py starts them.

    Skips the test when SKIP_ENGINE is 1; otherwise raises ToolMissing, which says how to get it.
    """
    return _located("azurite", program)


def control_plane_program(program: str) -> Path:
    """A program of the control plane: etcd, kube-apiserver, kube-controller-manager, kube-scheduler or kwok.

    Skips the test when SKIP_ENGINE is 1; otherwise raises ToolMissing, which says how to get it.
    """
    return _located(program if program in {"etcd", "kwok"} else "kubernetes", program)


def coredns() -> Path:
    """The cluster's name server.

    Skips the test when SKIP_ENGINE is 1; otherwise raises ToolMissing, which says how to get it.
    """
    return _located("coredns", "coredns")


def monitoring_definitions() -> Path:
    """Folder with the CustomResourceDefinitions of the Prometheus operator, a YAML file each.

    Skips the test when SKIP_ENGINE is 1; otherwise raises ToolMissing, which says how to get it.
    """
    return _located("prometheus-operator", "")


def _located(name: str, program: str) -> Path:
    if os.environ.get(SKIP) == "1":
        pytest.skip(f"{SKIP}=1 leaves out what needs {name}")
    return externals()[name].located(program)
