"""Azurite starts here, and the pinned engine keeps its state in it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.azurite import running_blob_service
from tests.toolchain import pulumi_cli


def test_the_engine_keeps_a_stack_in_a_blob_container(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: tried\nruntime: python\n")
    with running_blob_service() as blobs:
        blobs.create_container("state")
        environment = os.environ | blobs.environment
        environment |= {
            "PULUMI_BACKEND_URL": blobs.pulumi_backend("state"),
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "only for this test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        subprocess.run(
            [pulumi_cli(), "stack", "init", "one", "--non-interactive"],
            cwd=tmp_path,
            env=environment,
            check=True,
            capture_output=True,
            timeout=120,
        )
        assert ".pulumi/stacks/tried/one.json" in blobs.blob_names("state")
