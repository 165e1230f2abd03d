"""What every recorded plan must satisfy: three stacks, as a preview and as an update."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pydantic.alias_generators import to_camel

import infra
from infra import cloud_model
from infra.cloud_model.schema import args_class, shape
from infra.component import Component
from infra.plan import UNKNOWN, Plan, Registration, Secret
from infra.plan.values import leaves
from infra.tags import tags
from stacks.settings import Layer
from stacks.settings.platform import ClusterIdentity
from tests.infra.recording import ROOT, STACKS, recorded, settings_of

AZURE = "azure-native:"
FREE_FORM = {"tags", "streamDeclarations"}
"""Properties whose members have names of our own."""


@pytest.fixture(params=[(stack, preview) for stack in STACKS for preview in (True, False)], ids=str)
def plan(request: pytest.FixtureRequest) -> Plan:
    """Each stack's plan, in preview and in update."""
    stack, preview = request.param
    return recorded(stack, preview=preview)


def azure_resources(plan: Plan) -> list[Registration]:
    return [one for one in plan.resources.values() if one.type.startswith(AZURE)]


def test_no_resource_lacks_its_resource_group(plan: Plan) -> None:
    lacking = [
        one.urn
        for one in azure_resources(plan)
        if "resourceGroupName" in shape_of(one.type) and not one.inputs.get("resourceGroupName")
    ]
    assert not lacking


def shape_of(type_: str) -> set[str]:
    args = args_class(type_)
    assert args is not None
    return set(shape(args).required)


def test_no_input_has_a_python_name(plan: Plan) -> None:
    found = [
        (one.urn, path)
        for one in azure_resources(plan)
        for path, _ in leaves(one.inputs)
        if path and path[0] not in FREE_FORM and any("_" in part for part in path)
    ]
    assert not found


def test_every_component_registers_what_it_declares(plan: Plan) -> None:
    for one in plan.resources.values():
        if not one.custom:
            declared = {to_camel(name) for name in components()[one.type].declared_outputs()}
            assert set(plan.component_outputs[one.urn]) == declared, one.urn


@cache
def components() -> dict[str, type[Component]]:
    """Every component class of the program, by its token."""
    for module in pkgutil.walk_packages(infra.__path__, "infra."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return {one.TOKEN: one for one in subclasses(Component) if "TOKEN" in vars(one)}


def subclasses(of: type[Component]) -> Iterator[type[Component]]:
    for one in of.__subclasses__():
        yield one
        yield from subclasses(one)


def test_everything_taggable_is_tagged(plan: Plan) -> None:
    taggable = [one for one in azure_resources(plan) if cloud_model.is_taggable(one.type)]
    wanted = tags(settings_of(plan.stack))
    assert [one.urn for one in taggable if not wanted.items() <= one.inputs.get("tags", {}).items()] == []


def test_a_layer_depends_on_layers_before_it_only(plan: Plan) -> None:
    """But for the web app, which runs an image that is pushed to the registry of its own layer (D15)."""
    order = list(Layer)
    for one in plan.resources.values():
        own = plan.layer(one.urn)
        for source in one.dependencies:
            layer = plan.layer(source)
            later = layer and (not own or order.index(Layer(layer)) > order.index(Layer(own)))
            assert not later or (own, layer) == ("cloud", "images"), f"{one.urn} depends on {source}"
            if later:
                assert one.type in {"azure-native:web:WebApp", *after_the_web_app(plan, one)}


def after_the_web_app(plan: Plan, one: Registration) -> set[str]:
    """The type of a resource that exists only with the web app."""
    apps = {app.urn for app in plan.of_type("azure-native:web:WebApp")}
    return {one.type} if apps & set(one.dependencies) else set()


def test_every_resource_has_a_layer_above_it(plan: Plan) -> None:
    outside = [one for one in plan.resources.values() if not plan.layer(one.urn)]
    assert [one.urn for one in outside if not one.is_provider] == []
    read = {(one.type, one.name) for one in plan.reads.values()}
    assert read <= {
        ("azure-native:resources:ResourceGroup", "resource-group"),
        ("kubernetes:core/v1:Namespace", "kube-system"),
    }


def test_every_resource_of_a_provider_has_an_explicit_one(plan: Plan) -> None:
    assert [one.urn for one in plan.resources.values() if one.custom and not one.is_provider and not one.provider] == []


def test_no_function_that_lists_keys_is_called(plan: Plan) -> None:
    assert [one.token for one in plan.invocations if re.search(r":(list|get\w*Key)", one.token)] == []


def test_the_program_names_no_function_that_lists_keys() -> None:
    named = [
        (path.relative_to(ROOT), node.attr)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and re.match(r"list_\w*(key|secret|credential)|get_shared_keys", node.attr)
    ]
    assert not named


@pytest.mark.parametrize("stack", STACKS)
def test_an_update_leaves_nothing_unknown(stack: str) -> None:
    plan = recorded(stack, preview=False)
    texts = [value for one in plan.resources.values() for _, value in leaves(one.inputs) if isinstance(value, str)]
    assert not [text for text in texts if UNKNOWN in text]


@pytest.mark.parametrize("stack", STACKS)
def test_preview_and_update_register_the_same_resources_with_the_same_edges(stack: str) -> None:
    preview, update = recorded(stack), recorded(stack, preview=False)
    assert edges(preview) == edges(update)
    assert set(preview.component_outputs) == set(update.component_outputs)


def edges(plan: Plan) -> dict[str, Any]:
    return {urn: (one.parent, one.dependencies, one.property_dependencies) for urn, one in plan.resources.items()}


@pytest.mark.parametrize("identity", list(ClusterIdentity))
@pytest.mark.parametrize("stack", STACKS)
def test_no_secret_is_told_in_plain(stack: str, identity: ClusterIdentity) -> None:
    settings = settings_of(stack)
    given = {"vpn_psk", "storage_connection_string", "signalr_connection_string"}
    settings = settings.model_copy(
        update={
            "cluster": settings.cluster.model_copy(update={"identity": identity}),
            **{name: SecretStr(f"plain-{name}") for name in given},
        }
    )
    plan = recorded(settings, preview=False)
    assert not [said for said in told(plan) if "plain-" in said]


@pytest.mark.parametrize("stack", STACKS)
def test_no_password_that_the_program_makes_is_told_in_plain(stack: str) -> None:
    plan = recorded(stack, preview=False)
    made = [
        cloud_model.created(one.type, one.name, one.inputs)[1]["result"]
        for one in plan.of_type("random:index/randomPassword:RandomPassword")
    ]
    assert not [said for said in told(plan) for password in made if password in said]
    assert made or not any(one.type.startswith("random:") for one in plan.resources.values())


def told(plan: Plan) -> list[str]:
    """Every text that the engine was told without the mark of a secret."""
    told = [one.inputs for one in plan.resources.values()]
    told += [*plan.component_outputs.values(), plan.outputs, *(one.args for one in plan.invocations)]
    values = [value for properties in told for _, value in leaves(properties)]
    return [value for value in values if isinstance(value, str) and not isinstance(value, Secret)]


def sources() -> list[Path]:
    """Every file of the program and of its settings."""
    found = [path for folder in ("infra", "stacks") for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(found) > 20
    return found


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_read_in_one_go(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 250
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    assert (method.end_lineno or 0) - method.lineno < 60, f"{node.name}'s constructor"
