"""What bootstrap grants: exactly what the recorded plans need, no more, and by our own policies nothing open."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from infra.bootstrap import foundation, github
from infra.bootstrap.grant_step import GrantStep
from infra.bootstrap.place import DEPLOY, PREVIEW
from infra.bootstrap.program_needs import READ_BESIDE, TYPES, read_actions, resource_providers
from infra.bootstrap.rights import BLOB_READER, GRANTED_BY_PROGRAM, may_grant_only, preview_role
from infra.plan.store import committed
from infra.policies.storage import ACCOUNT, CONTAINER, RULES
from infra.policies.subject import Subject
from stacks.load import for_plan, load
from stacks.settings.cloud import SiteSku
from tests.infra.azure_stand_in.operations import READS
from tests.infra.azure_stand_in.scene import Scene
from tests.infra.recording import STACKS, recorded

ROOT = Path(__file__).parents[2]


@cache
def declared_types() -> frozenset[str]:
    """Azure types of every committed stack's program, and of a stack with what none of them has switched on."""
    settings = for_plan(load("prod", ROOT))
    site = settings.site.model_copy(update={"sku": SiteSku.STANDARD})
    plans = [recorded(stack) for stack in STACKS] + [recorded(settings.model_copy(update={"site": site}))]
    types = {one.type for plan in plans for one in plan.resources.values()}
    types |= {one.type for plan in plans for one in plan.reads.values()}
    return frozenset(type_.removeprefix("azure-native:") for type_ in types if type_.startswith("azure-native:"))


def test_the_types_are_those_of_the_recorded_plans() -> None:
    assert set(TYPES) == declared_types()


def test_every_type_of_the_committed_plans_is_among_them() -> None:
    texts = "".join(text for stack in STACKS for text in committed(stack).values())
    found = set(re.findall(r"(?:urn: |\$)azure-native:(\w+:\w+)::", texts))
    assert found
    assert found <= set(TYPES)


def test_the_resource_providers_follow_from_the_types() -> None:
    assert resource_providers() == [
        "Microsoft.ContainerRegistry",
        "Microsoft.Insights",
        "Microsoft.KeyVault",
        "Microsoft.ManagedIdentity",
        "Microsoft.Network",
        "Microsoft.OperationalInsights",
        "Microsoft.SignalRService",
        "Microsoft.Storage",
        "Microsoft.Web",
    ]


def test_a_preview_may_read_what_the_program_declares_and_nothing_else() -> None:
    actions = {action.lower() for action in read_actions()}
    assert actions == READS
    assert all(action.endswith("/read") for action in actions)
    assert not any("list" in action.rsplit("/", 2)[1] for action in actions)
    assert set(READ_BESIDE) <= set(TYPES)


def test_the_preview_role_has_no_wildcard_no_data_and_no_key(scene: Scene) -> None:
    (permissions,) = preview_role(scene.place)["properties"]["permissions"]
    assert permissions["dataActions"] == []
    assert not any("*" in action or "action" in action.rsplit("/", 1)[1] for action in permissions["actions"])


def test_the_deploying_identity_may_grant_the_programs_roles_and_no_others() -> None:
    condition = may_grant_only(GRANTED_BY_PROGRAM)
    allowed = re.findall(r"GuidEquals \{([^}]*)\}", condition)
    assert len(allowed) == 2
    granted = {
        str(one.inputs["roleDefinitionId"])[-36:]
        for stack in STACKS
        for one in recorded(stack).of_type("azure-native:authorization:RoleAssignment")
    }
    settings = for_plan(load("prod", ROOT))
    operators = settings.vault.model_copy(update={"operators": ("00000000-0000-0000-0000-00000000000b",)})
    operated = recorded(settings.model_copy(update={"vault": operators}))
    granted |= {
        str(one.inputs["roleDefinitionId"])[-36:]
        for one in operated.of_type("azure-native:authorization:RoleAssignment")
    }
    for roles in allowed:
        assert set(roles.split(", ")) == granted


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def grants(scene: Scene, role: str) -> dict[str, str]:
    """What an identity of GitHub may do: by the end of a scope's id, the role's name."""
    names = {value: name for name, value in vars(github).items() if isinstance(value, str)}
    found = {}
    for step in github.rights(scene.reach.arm, scene.place):
        if step.name.startswith(f"{role}-") and isinstance(step, GrantStep):
            found[f"{step.scope.rsplit('/', 1)[1]} {step.title.partition(': ')[2]}"] = names.get(
                step.role_definition_id[-36:], "own role"
            )
    return found


def test_who_deploys_reaches_the_platform_the_state_and_the_key(scene: Scene) -> None:
    assert grants(scene, DEPLOY) == {
        "rg-spy-options-prod contributor of the platform": "CONTRIBUTOR",
        "rg-spy-options-prod grants of the program": "ROLE_ADMINISTRATOR",
        "state writes the state": "BLOB_CONTRIBUTOR",
        "pulumi uses the key": "CRYPTO_USER",
    }


def test_who_previews_writes_nothing_anywhere(scene: Scene) -> None:
    assert grants(scene, PREVIEW) == {
        "rg-spy-options-prod reads of the platform": "own role",
        "state reads the state": "BLOB_READER",
        "pulumi uses the key": "CRYPTO_USER",
    }
    assert BLOB_READER == "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"


def test_a_shared_registry_is_granted_pulls_on_and_nothing_else(tmp_path: Path) -> None:
    id_ = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-spy-options-dev/providers/"
    id_ += "Microsoft.ContainerRegistry/registries/acrspyoptionsdev"
    scene = Scene(tmp_path / "shared", registry={"mode": "shared", "id": id_, "host": "acrspyoptionsdev.azurecr.io"})
    steps = [step for step in github.rights(scene.reach.arm, scene.place) if getattr(step, "scope", "") == id_]
    (pulls,) = [step for step in steps if getattr(step, "condition", "")]
    assert (
        re.findall(r"\{([^}']*)\}", str(getattr(pulls, "condition", "")))
        == ["7f951dda-4ed3-4680-a7ca-43fe172d538d"] * 2
    )


def policies_broken(scene: Scene) -> list[str]:
    """What our own storage rules say of the accounts and containers that bootstrap makes."""
    place = scene.place
    arm = scene.reach.arm
    problems = []
    for step in [*foundation.state(arm, place), *foundation.issuer(arm, place)]:
        kind = {"storageAccounts": ACCOUNT, "containers": CONTAINER}.get(step.id.split("/")[-2])
        if kind is not None:
            properties: dict[str, Any] = dict(step.body["properties"])
            properties["enableHttpsTrafficOnly"] = properties.get("supportsHttpsTrafficOnly")
            name = "issuer-documents" if step.name.startswith("issuer-documents") else step.name
            subject = Subject(kind, name, properties, protect=True)
            problems += [problem for rule in RULES for problem in rule.violations(subject)]
    return problems


def test_our_own_policies_pass_what_bootstrap_makes_and_exempt_the_issuer_documents_alone(scene: Scene) -> None:
    assert policies_broken(scene) == []
