"""Scene: a stack, a World around it, and bootstrap run in it by an Owner: what every test of bootstrap begins with."""

from __future__ import annotations

import sys
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.bootstrap import sequence
from infra.bootstrap.arm import Arm
from infra.bootstrap.checks import check_settings
from infra.bootstrap.graph import Graph
from infra.bootstrap.person import InTenant, Person
from infra.bootstrap.place import Place
from infra.bootstrap.pulumi_cli import PulumiCli
from infra.bootstrap.sequence import Reach
from infra.bootstrap.step import Outcome, run
from stacks.load import load
from stacks.settings import StackSettings
from tests.infra.azure_stand_in import directory, management
from tests.infra.azure_stand_in.directory import Directory
from tests.infra.azure_stand_in.journal import Journal
from tests.infra.azure_stand_in.management import Management
from tests.infra.azure_stand_in.pulumi_program import PulumiProgram
from tests.infra.azure_stand_in.transport import Login, Service, StandInTransport
from tests.infra.azure_stand_in.world import OWNER, SUBSCRIPTION, TENANT, World

ROOT = Path(__file__).parents[3]
GIVEN: dict[str, Any] = {
    "azure": {"subscriptionId": SUBSCRIPTION, "tenantId": TENANT},
    "bootstrap": {
        "githubOwner": "example",
        "githubOwnerId": "1001",
        "githubRepository": "spy-options",
        "githubRepositoryId": "2002",
    },
}


@dataclass(frozen=True)
class Snapshot:
    """The World, what Pulumi was given to encrypt, and the stack file, at one moment."""

    world: World
    secrets: dict[str, str]
    file: str


class Scene:
    """A project folder, a World and its services; `bootstrap` and `entra` run in it any number of times."""

    def __init__(self, folder: Path, stack: str = "prod", **changed: Any) -> None:
        self.root, self.stack = folder, stack
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "Pulumi.yaml").exists():
            (folder / "Pulumi.yaml").write_text("name: spy-options\nruntime: python\n")  # defaults are the model's
            text = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text("utf-8"))
            for key, value in {**GIVEN, **changed}.items():
                full = f"spy-options:{key}"
                both = isinstance(value, dict) and isinstance(text["config"].get(full), dict)
                text["config"][full] = {**text["config"][full], **value} if both else value
            (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
        self.goes_on_in(World(Journal()))

    @property
    def settings(self) -> StackSettings:
        """The stack file as it is now."""
        return load(self.stack, self.root)

    @property
    def place(self) -> Place:
        """Where the stack's things are."""
        return Place(self.settings)

    @property
    def reach(self) -> Reach:
        """The real clients, over this World."""
        place = self.place
        services: dict[str, Service] = {management.HOST: self.management, directory.HOST: self.directory}
        signed_in = InTenant(self.login, place.settings.azure.tenant_id)
        transport = StandInTransport(services, self.journal)
        return Reach(
            Arm(signed_in, place.settings.azure.subscription_id, self.journal, transport),
            Graph(signed_in, self.journal, transport),
            PulumiCli(
                self.stack,
                self.root,
                place.backend,
                place.secrets_provider,
                self.journal,
                program=sys.executable,
                run=self.pulumi,
            ),
            self.journal,
            Person.signed_in(signed_in),
        )

    def bootstrap(self, *, apply: bool = True, renew: bool = False, cut_after: int | None = None) -> list[Outcome]:
        """One run of `spy bootstrap`; `self.journal.writes` then holds its writes."""
        self.journal.again(cut_after)
        check_settings(self.settings)
        reach, place = self.reach, self.place
        sequence.check(reach, place)
        return run(sequence.steps(reach, place, renew=renew), self.journal, apply=apply, tell=lambda _: None)

    def entra(self, *, apply: bool = True, cut_after: int | None = None) -> list[Outcome]:
        """One run of `spy entra`."""
        self.journal.again(cut_after)
        return run(sequence.entra_steps(self.reach, self.place), self.journal, apply=apply, tell=lambda _: None)

    def snapshots(self) -> list[Snapshot]:
        """One run of `spy bootstrap`, and what there is right after each of its writes: where it could be cut off."""
        taken: list[Snapshot] = []
        self.journal.on_write = lambda: taken.append(self.snapshot())
        self.bootstrap()
        self.journal.on_write = None
        return taken

    def snapshot(self) -> Snapshot:
        """Everything as it is now."""
        callback, self.journal.on_write = self.journal.on_write, None
        world, secrets = deepcopy((self.world, self.pulumi.secrets))
        self.journal.on_write = callback
        return Snapshot(world, secrets, (self.root / f"Pulumi.{self.stack}.yaml").read_text())

    def goes_on_from(self, snapshot: Snapshot) -> None:
        """Everything as it was then; the one who ran remembers nothing."""
        world, secrets = deepcopy((snapshot.world, snapshot.secrets))
        (self.root / f"Pulumi.{self.stack}.yaml").write_text(snapshot.file)
        self.goes_on_in(world)
        self.pulumi.secrets = secrets

    def goes_on_in(self, world: World) -> None:
        """The services over another World, with the stack's names as the stack file has them now."""
        self.world, self.journal = world, world.journal
        self.management, self.directory = Management(world), Directory(world)
        self.login = Login(OWNER, TENANT, self.journal)
        self.pulumi = PulumiProgram(world, self.root, self.place.state_container, self.place.key)

    def cloud_layer(self) -> None:
        """What the program's layer cloud makes that bootstrap asks for: services' identities, registry and token."""
        for service in ("detector", "backend", "bot"):
            self._made(self.place.service_identity(service), {"principalId": f"{OWNER[:-4]}{len(service):04d}"})
            self.world.principals[f"{OWNER[:-4]}{len(service):04d}"] = self.journal.now()
        self._made(self.place.registry, {})
        self._made(self.place.registry_token, {"status": "enabled"})

    def _made(self, id_: str, properties: dict[str, Any]) -> None:
        body = {"id": id_, "name": id_.rsplit("/", 1)[1], "properties": properties}
        self.world.resources[id_.lower()] = body
        self.world.born[id_.lower()] = self.journal.now()

    def state(self) -> dict[str, Any]:
        """Everything that a run leaves, without what is new in every run: secrets, their keys, their ends."""
        file = yaml.safe_load((self.root / f"Pulumi.{self.stack}.yaml").read_text())
        applications = deepcopy(self.world.applications)
        for one in applications.values():
            one["passwordCredentials"] = [credential["displayName"] for credential in one["passwordCredentials"]]
        return {
            "resources": self.world.resources,
            "applications": applications,
            "service principals": self.world.service_principals,
            "app roles": sorted(map(str, self.world.app_roles)),
            "registered": sorted(self.world.registered),
            "stacks": self.world.state_stacks,
            "file": file,
            "secrets": sorted(self.pulumi.secrets),
        }
