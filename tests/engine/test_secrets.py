"""Secrets are encrypted wherever the engine writes: in its backend, its history and the stack file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.azurite import running_blob_service
from tests.engine.conftest import Deployed, bootstrapped
from tests.engine.stack import EngineStack
from tests.engine.values import SECRETS

MADE_KEY = "random:index/randomPassword:RandomPassword"


def files(folder: Path) -> dict[str, str]:
    """Every file of a folder as text, by its path."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): path.read_text(errors="replace") for path in found}


def secret_outputs(stack: EngineStack, token: str, name: str) -> set[str]:
    """The plain values of a secret output."""
    resources = stack.resources(plain=True).values()
    return {str(one["outputs"][name]["plaintext"]).strip('"') for one in resources if one["type"] == token}


@pytest.mark.parametrize("key", SECRETS)
def test_a_secret_setting_is_plain_in_no_file_of_the_project_and_its_backend(deployed: Deployed, key: str) -> None:
    stack, secret = deployed("local" if key == "publisherSecret" else "prod"), SECRETS[key]  # prod's have identities
    assert secret in stack.command("stack", "export", "--show-secrets")
    assert [path for path, text in files(stack.folder).items() if secret in text] == []


def test_a_pre_shared_key_that_the_program_makes_is_plain_in_no_blob_of_the_backend(tmp_path: Path) -> None:
    others = {key: value for key, value in SECRETS.items() if key != "vpnPsk"}
    with running_blob_service() as service:
        service.create_container("state")
        backend = service.environment | {"PULUMI_BACKEND_URL": service.pulumi_backend("state")}
        with EngineStack("prod", tmp_path / "prod", bootstrapped("prod"), secrets=others, backend=backend) as stack:
            stack.up()
            keys = secret_outputs(stack, MADE_KEY, "result")
            blobs = {name: service.read_blob("state", name).decode() for name in service.blob_names("state")}
    assert len(keys) == 1
    assert any(MADE_KEY in text for text in blobs.values())
    assert [name for name, text in blobs.items() if any(key in text for key in keys)] == []
