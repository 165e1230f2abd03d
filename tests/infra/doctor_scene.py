"""A stack with everything that its deployment needs, around it the stand-ins, for tests that take one thing away."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner

from infra.bootstrap.arm import Arm
from infra.bootstrap.person import InTenant
from infra.bootstrap.place import Place
from infra.bootstrap.program_needs import resource_providers
from infra.cli import app
from infra.cluster_identity import issuer as issuer_module
from infra.cluster_identity.documents import DISCOVERY, KEY_SET, Documents
from infra.cluster_identity.keys import from_files
from infra.doctor import command
from infra.doctor.looks import Means
from stacks.checks import problems
from stacks.keys import all_keys
from stacks.load import load
from stacks.settings import StackSettings
from tests.infra.api_server import TOKEN, ApiServer
from tests.infra.azure_stand_in.answers import Answer, Asked
from tests.infra.azure_stand_in.journal import Journal
from tests.infra.azure_stand_in.management import HOST, ROOT, Management
from tests.infra.azure_stand_in.transport import Login, StandInTransport
from tests.infra.azure_stand_in.world import OWNER, SUBSCRIPTION, TENANT, World
from tests.infra.loopback_http import serving
from tests.infra.loopback_tls import Certificate
from tests.infra.projects import kubeconfig, project
from tests.infra.registry_stand_in import Registry, running_registry
from tests.stacks.builders import GUID, UID

TODAY = date(2026, 11, 21)
SECRET = {"secure": "v1:abc:def"}
PULUMI = """#!/bin/sh
case "$*" in
  version) echo v3.200.0 ;;
  *whoami*) echo '{"url": "azblob://state"}' ;;
  *"stack ls"*) echo '[{"name": "prod"}, {"name": "local"}]' ;;
  *"config --show-secrets"*) echo '{"vpnPsk": {"value": "the-plain-secret", "secret": true}}' ;;
  *) exit 9 ;;
esac
"""
NAMES = {"microsoft.containerregistry", "microsoft.web", "microsoft.signalrservice"}


class Azure(Management):
    """The stand-in of Azure's management with what only the doctor asks: more global names, and keys."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.bodies: list[Any] = []

    def _special(self, asked: Asked) -> Answer | None:
        parts = asked.path[len(ROOT) :].lower().strip("/").split("/")
        if parts[0] == "providers" and parts[-1] == "checknameavailability" and parts[1] in NAMES:
            assert ("locations" in parts) is (parts[1] == "microsoft.signalrservice")
            assert str(asked.body["type"]).lower().startswith(f"{parts[1]}/")
            return self._name(asked, parts[1])
        if parts[-1] == "listkeys" and asked.method == "POST":
            if "microsoft.storage" in parts:
                return Answer(200, {"keys": [{"keyName": "key1", "value": self.world.secret("storage")}]})
            secret = self.world.secret("signalr")
            return Answer(200, {"primaryConnectionString": f"Endpoint=https://s;AccessKey={secret};Version=1.0;"})
        return super()._special(asked)


@dataclass
class Told:
    """What a run of the doctor said."""

    code: int
    findings: dict[str, dict[str, Any]]
    text: str

    def failing(self) -> list[str]:
        return [name for name, one in self.findings.items() if one["fails"]]


@dataclass
class DoctorScene:
    """A stack and its surroundings; a test changes one of them and asks the doctor."""

    root: Path
    stack: str
    world: World
    azure: Azure
    login: Login
    api: ApiServer
    registry: Registry
    monkeypatch: pytest.MonkeyPatch
    pulumi: Path
    values: dict[str, Any] = field(default_factory=dict)

    def settle(self, **values: Any) -> None:
        """Write the stack file, some of its keys changed."""
        for name, value in values.items():
            both = isinstance(value, dict) and isinstance(self.values.get(name), dict)
            self.values[name] = {**self.values[name], **value} if both else value
        project(self.root, self.stack, **self.values)

    def means(self, settings: StackSettings) -> Means:
        """The real clients over this world."""
        signed_in = InTenant(self.login, TENANT)
        transport = StandInTransport({HOST: self.azure}, self.world.journal)
        arm = Arm(signed_in, settings.azure.subscription_id or "none", self.world.journal, transport)
        return Means(settings, self.root, signed_in, arm, TODAY)

    def doctor(self, *arguments: str) -> Told:
        """`spy doctor --stack`, for scripts."""
        result = CliRunner().invoke(app, ["doctor", "--stack", self.stack, "--json", *arguments])
        text = result.stdout + result.stderr
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        findings = json.loads(result.stdout).get("findings", []) if result.stdout else []
        return Told(result.exit_code, {one["name"]: one for one in findings}, text)

    def readable(self) -> tuple[int, str]:
        """`spy doctor --stack`, for persons."""
        result = CliRunner().invoke(app, ["doctor", "--stack", self.stack])
        return result.exit_code, result.stdout + result.stderr


def well(stack: str, digest: str, registry: Registry, server: str) -> dict[str, Any]:
    """Settings of a stack that lacks nothing."""
    secrets = {key.name: SECRET for key in all_keys().values() if key.is_secret}
    images = dict.fromkeys(("backend", "detector", "tradingBot", "simulator"), digest)
    return {
        **secrets,
        "azure": {"subscriptionId": SUBSCRIPTION, "tenantId": TENANT, "apiAudience": GUID},
        "alerts": {"contacts": ["somebody@example.org"]},
        "onPrem": {"address": "203.0.113.7"},
        "cluster": {"context": "home", "uid": UID, "issuer": f"{server}/issuer", "gateway": "simulator"},
        "images": {**images, "source": "pinned"},
        "registry": {"host": registry.host},
        "upstream": {"github": "images.example.org", "charts": "https://charts.example.org"},
        "logs": {"forwarderId": GUID, "forwarderExpires": "2027-05-01"},
        "releases": {"logging": True},
    }


@contextmanager
def doctor_scene(folder: Path, tls: Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[DoctorScene]:
    """A prod that lacks nothing."""
    world = World(Journal())
    world.registered = {namespace.lower(): world.later(-1) for namespace in resource_providers()}
    api = ApiServer(_key_set(folder), nodes=("a-node-elsewhere",))
    with ExitStack() as running:
        registry = running.enter_context(running_registry())
        server = running.enter_context(serving(api, tls)).address
        digests = [registry.push(f"spy-{name}", "dev") for name in ("backend", "detector", "trading-bot", "simulator")]
        pulumi = folder / "pulumi"
        pulumi.write_text(PULUMI)
        pulumi.chmod(0o755)
        scene = DoctorScene(
            folder / "project",
            "prod",
            world,
            Azure(world),
            Login(OWNER, TENANT, world.journal),
            api,
            registry,
            monkeypatch,
            pulumi,
        )
        scene.settle(**well("prod", digests[0], registry, server))
        keys = ("backend", "detector", "tradingBot", "simulator")
        scene.settle(images=dict(zip(keys, digests, strict=True)))
        _publish(scene, f"{server}/issuer")
        group = Place(load("prod", scene.root)).platform_group
        world.resources[group.lower()] = {"id": group, "name": "rg", "location": "westeurope"}
        world.resources[Place(load("prod", scene.root)).registry.lower()] = {"id": "r", "name": "r"}
        path = kubeconfig(folder / "kubeconfig", server, authority=tls.certificate, token=TOKEN)
        for variable, value in {
            "KUBECONFIG": path,
            "PULUMI_CLI": pulumi,
            "SSL_CERT_FILE": tls.certificate,
        }.items():
            monkeypatch.setenv(variable, str(value))
        for module in (command, issuer_module):
            monkeypatch.setattr(module, "ROOT", scene.root)
        monkeypatch.setattr(command, "means_of", scene.means)
        monkeypatch.setattr("stacks.pins.unresolved", lambda _: [])
        monkeypatch.setattr("stacks.needs.unresolved", lambda _: [])
        monkeypatch.setattr("infra.doctor.settings.problems", _but_the_registrys_host)
        assert socket.gethostname() not in api.nodes
        yield scene


def _but_the_registrys_host(stacks: Sequence[StackSettings]) -> list[str]:
    """Problems of these stacks without the scene's own: its registry is on loopback, where no stack's own is."""
    return [one for one in problems(stacks) if ": registry.host is 127.0.0.1:" not in one]


def _key_set(folder: Path) -> dict[str, Any]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    (folder / "public.pem").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return Documents("", from_files([folder / "public.pem"])).key_set


def _publish(scene: DoctorScene, issuer: str) -> None:
    """The documents where anybody reads them, and an API server that signs as their issuer."""
    documents = Documents(issuer, from_files([scene.root.parent / "public.pem"]))
    scene.api.signs_as = issuer
    scene.api.open_paths = {f"/issuer/{DISCOVERY}": documents.discovery, f"/issuer/{KEY_SET}": documents.key_set}
