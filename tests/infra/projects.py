"""Projects for tests of commands: a folder with Pulumi.yaml and one stack file, as an operator's own copy has them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from stacks.keys import PROJECT
from tests.stacks.builders import ROOT


def project(folder: Path, stack: str, **values: Any) -> Path:
    """A project folder whose one stack has these top-level keys, and the committed file's values for the rest."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    committed = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text("utf-8"))
    config = committed["config"]
    for name, value in values.items():
        key = f"{PROJECT}:{name}"
        both = isinstance(value, dict) and isinstance(config.get(key), dict) and "secure" not in value
        config[key] = {**config[key], **value} if both else value
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(committed, sort_keys=False), "utf-8")
    return folder


def kubeconfig(
    path: Path, server: str, *, context: str = "home", authority: Path | None = None, token: str = ""
) -> Path:
    """A kubeconfig with one context."""
    cluster = {"server": server} | ({"certificate-authority": str(authority)} if authority else {})
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "the-cluster", "cluster": cluster}],
        "users": [{"name": "somebody", "user": {"token": token} if token else {}}],
        "contexts": [{"name": context, "context": {"cluster": "the-cluster", "user": "somebody"}}],
    }
    path.write_text(yaml.safe_dump(document), "utf-8")
    return path
