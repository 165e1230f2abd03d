"""EngineStack: a stack of the program under the real engine, in a temporary project of its own, over a Cloud.

Runs the program in this process by the Automation API. Reaches nothing but loopback and its temporary folder.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pulumi
import yaml
from pulumi import automation
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderServicer
from pydantic import SecretStr
from pydantic.alias_generators import to_snake

from infra import configuration, program
from stacks.load import load
from stacks.settings import StackSettings
from tests.engine.automation import ENVIRONMENT, ExistingStack, NewStack, command, without_idle_work
from tests.engine.cloud import Cloud
from tests.engine.provider import attached
from tests.engine.values import SECRETS, deployable

ROOT = Path(__file__).parents[2]
PROJECT = "spy-options"
PASSPHRASE = "no secret: it guards test values only"

Values = Mapping[str, Any]
"""Top-level configuration keys of a stack, without the project's prefix."""


class EngineStack:
    """One stack, its folder and the cloud it lives in; a context manager, since its providers listen while it is open.

    Its settings are the committed stack file's with `values` laid over them, which make it deployable unless told.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        cloud: Cloud,
        *,
        values: Values | None = None,
        secrets: Mapping[str, str] = SECRETS,
        backend: Mapping[str, str] | None = None,
        instead: Mapping[str, ResourceProviderServicer | None] | None = None,
    ) -> None:
        """`instead`: providers that are not the cloud's own stand-ins, by package: tests/engine/provider.py."""
        self.name = name
        self.folder = folder
        self.cloud = cloud
        self._secrets = secrets
        self._instead = instead
        self._backend = dict(backend or {"PULUMI_BACKEND_URL": f"file://{folder}/backend"})
        self._providers: AbstractContextManager[str] | None = None
        self._addresses = ""
        if not (folder / "Pulumi.yaml").exists():
            self._lay_out()
        if not self._is_deployable:
            self.configure(deployable(name) if values is None else values)

    def __enter__(self) -> Self:
        self._providers = attached(self.cloud, self._instead)
        self._addresses = self._providers.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        assert self._providers is not None
        self._providers.__exit__(*exception)

    def copy(self, folder: Path) -> EngineStack:
        """The same stack, its state and its cloud, for a test that changes them."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return EngineStack(self.name, folder, self.cloud.copy(), instead=self._instead)

    def _lay_out(self) -> None:
        (self.folder / "backend").mkdir(parents=True)
        (self.folder / "home").mkdir()
        (self.folder / "infra").symlink_to(ROOT / "infra")
        shutil.copy(ROOT / "Pulumi.yaml", self.folder)
        for file in ROOT.glob("Pulumi.*.yaml"):
            shutil.copy(file, self.folder)

    @property
    def _is_deployable(self) -> bool:
        config = yaml.safe_load(self._file.read_text()).get("config") or {}
        return "subscriptionId" in config.get(f"{PROJECT}:azure", {})

    @property
    def _file(self) -> Path:
        return self.folder / f"Pulumi.{self.name}.yaml"

    def configure(self, values: Values) -> None:
        """Lay values over the stack file, objects key by key; a key with a namespace of its own as it stands."""
        written = yaml.safe_load(self._file.read_text()) or {}
        prefixed = {key if ":" in key else f"{PROJECT}:{key}": value for key, value in values.items()}
        written["config"] = _merged(written.get("config") or {}, prefixed)
        self._file.write_text(yaml.safe_dump(written, sort_keys=False))

    @cached_property
    def engine(self) -> automation.Stack:
        """The Automation API's stack, made on first use with its secrets set."""
        workspace = automation.LocalWorkspace(
            work_dir=str(self.folder),
            pulumi_home=str(self.folder / "home"),
            pulumi_command=command(),
            program=self.program,
            secrets_provider="passphrase",
            env_vars=self._environment(),
        )
        if "encryptionsalt" in self._file.read_text():
            return ExistingStack(self.name, workspace)
        stack = NewStack(self.name, workspace)
        if self._secrets:
            kept = {key: automation.ConfigValue(value, secret=True) for key, value in self._secrets.items()}
            stack.set_all_config(kept, path=True)
        return stack

    def program(self) -> None:
        """What infra/__main__.py does, which tests/engine/test_language_host.py runs as it stands."""
        for name, value in program.build(configuration.settings(self.folder)).items():
            pulumi.export(name, value)

    def _environment(self) -> dict[str, str]:
        return {
            **ENVIRONMENT,
            **self._backend,
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_DEBUG_PROVIDERS": self._addresses,
        }

    def up(self, **options: Any) -> str:
        """`pulumi up`; gives what it printed. Raises automation.CommandError when it fails."""
        return self._run(self.engine.up, options)

    def preview(self, **options: Any) -> str:
        """`pulumi preview`; gives what it printed. Raises automation.CommandError when it fails."""
        return self._run(self.engine.preview, options)

    def destroy(self, **options: Any) -> str:
        """`pulumi destroy`; gives what it printed. Raises automation.CommandError when it fails."""
        return self._run(self.engine.destroy, options)

    def _run(self, operation: Callable[..., Any], options: Mapping[str, Any]) -> str:
        with without_idle_work():
            return str(operation(color="never", suppress_progress=True, **options).stdout)

    def command(self, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
        """Any other command of the CLI in this project, with more environment variables; gives what it printed."""
        environment = {"PULUMI_HOME": str(self.folder / "home"), **self._environment(), **(variables or {})}
        on_stack = [*arguments, "--stack", self.engine.name, "--non-interactive"]
        return command().run(on_stack, str(self.folder), environment).stdout

    def settings(self) -> StackSettings:
        """What the program reads from the engine, with the secrets in plain."""
        secrets = {to_snake(key): SecretStr(value) for key, value in self._secrets.items()}
        return load(self.name, self.folder).model_copy(update=secrets)

    def plan(self) -> dict[str, Any]:
        """What `pulumi preview --save-plan` writes: planned resources by URN."""
        path = self.folder / "plan.json"
        self.preview(plan=str(path))
        plans: dict[str, Any] = json.loads(path.read_text())["resourcePlans"]
        return plans

    def resources(self, *, plain: bool = False) -> dict[str, dict[str, Any]]:
        """The state: what `pulumi stack export` writes of each resource, by URN. `plain` decrypts the secrets."""
        exported = json.loads(self.command("stack", "export", *(["--show-secrets"] if plain else [])))
        return {resource["urn"]: resource for resource in exported["deployment"].get("resources", [])}


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        beneath = merged.get(key)
        if isinstance(beneath, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(beneath, value)
        else:
            merged[key] = value
    return merged


def assert_same_state(one: EngineStack, other: EngineStack) -> None:
    """Both states hold the same resources with the same inputs."""

    def inputs(stack: EngineStack) -> dict[str, Any]:
        return {urn: resource.get("inputs") for urn, resource in stack.resources(plain=True).items()}

    assert inputs(one) == inputs(other)
