"""SmallStack: a stack of any small program under the real engine, over the stand-in provider. Holds no cloud."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import automation

from tests.cluster.control_plane import ControlPlane
from tests.cluster.provider import KubernetesStandIn
from tests.engine.automation import ENVIRONMENT, NewStack, command, without_idle_work
from tests.engine.cloud import Cloud
from tests.engine.provider import attached

Program = Callable[[pulumi.ResourceOptions], Any]
"""Declares objects with the options that carry the provider."""
PROJECT = "name: small\nruntime: python\n"


class SmallStack:
    """One stack whose program a test changes between runs; a context manager, since its provider listens meanwhile."""

    def __init__(self, folder: Path, cluster: ControlPlane, *, patience_seconds: float = 60.0, **settings: Any) -> None:
        self.provider = KubernetesStandIn(cluster.kubeconfig, patience_seconds)
        self.program: Program = lambda _: None
        self._settings = {"context": cluster.context, "cluster_identifier": cluster.uid, **settings}
        self._folder = folder
        self._attached: AbstractContextManager[str] | None = None
        self._engine: automation.Stack | None = None

    def __enter__(self) -> Self:
        self._attached = attached(Cloud(), {"kubernetes": self.provider})
        addresses = self._attached.__enter__()
        for name in ("backend", "home"):
            (self._folder / name).mkdir(parents=True)
        (self._folder / "Pulumi.yaml").write_text(PROJECT)
        workspace = automation.LocalWorkspace(
            work_dir=str(self._folder),
            pulumi_home=str(self._folder / "home"),
            pulumi_command=command(),
            program=self._program,
            secrets_provider="passphrase",
            env_vars={
                **ENVIRONMENT,
                "PULUMI_BACKEND_URL": f"file://{self._folder}/backend",
                "PULUMI_CONFIG_PASSPHRASE": "no secret: it guards test values only",
                "PULUMI_DEBUG_PROVIDERS": addresses,
            },
        )
        self._engine = NewStack("small", workspace)
        return self

    def __exit__(self, *exception: Any) -> None:
        assert self._attached is not None
        self._attached.__exit__(*exception)

    def _program(self) -> None:
        provider = kubernetes.Provider("cluster", **self._settings)
        self.program(pulumi.ResourceOptions(provider=provider))

    def up(self, program: Program | None = None, **options: Any) -> str:
        """`pulumi up` of this program from now on; gives what it printed. Raises automation.CommandError."""
        self.program = program or self.program
        return self._run("up", options)

    def preview(self, program: Program | None = None, **options: Any) -> str:
        """`pulumi preview`, the same way."""
        self.program = program or self.program
        return self._run("preview", options)

    def refresh(self, **options: Any) -> str:
        """`pulumi refresh`; gives what it printed."""
        return self._run("refresh", options)

    def destroy(self, **options: Any) -> str:
        """`pulumi destroy`; gives what it printed."""
        return self._run("destroy", options)

    def _run(self, operation: str, options: dict[str, Any]) -> str:
        assert self._engine is not None
        with without_idle_work():
            return str(getattr(self._engine, operation)(color="never", suppress_progress=True, **options).stdout)

    def stored(self) -> str:
        """The state as it lies on the disk."""
        (path,) = (self._folder / "backend").glob(".pulumi/stacks/**/small.json")
        return path.read_text("utf-8")

    def resources(self) -> dict[str, dict[str, Any]]:
        """The state by resource names."""
        assert self._engine is not None
        deployment: Any = self._engine.export_stack().deployment
        return {resource["urn"].rpartition("::")[2]: resource for resource in deployment.get("resources", [])}

    def done(self) -> list[tuple[str, str]]:
        """What was done to the cluster since this was last asked, in order: action and kind."""
        changes = [(change.action, change.kind) for change in self.provider.changes]
        self.provider.changes.clear()
        return changes


def sentences(error: Exception, about: str) -> set[str]:
    """The different sentences of an engine's output that say a word: each is printed as progress and as diagnostics.

    The engine asks a program that runs in the test's own process once more how it ended, if it is in time to.
    """
    told = (line.rpartition("error: ")[2].strip() for line in str(error).splitlines() if about in line)
    plain = (sentence.rpartition("Exception calling application: ")[2] for sentence in told)
    return {sentence.removeprefix("an unhandled error occurred: ") for sentence in plain}
