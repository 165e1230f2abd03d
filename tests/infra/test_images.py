"""Images: by digest only, pinned or built; the registry's host known in a preview; nothing ever by tag."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.image_recipe import RECIPES, ImageRecipe, base_reference
from infra.images import REPOSITORIES, ImageRef, NoDigest
from infra.plan import Mode, Plan, record, reveal
from stacks.settings import StackSettings
from tests.infra.order import made_before
from tests.infra.recording import recorded
from tools.images.build import ROOT, command

IMAGE = "docker-build:index:Image"
DIGESTS = {"backend": "a", "detector": "b", "tradingBot": "c", "simulator": "d"}
PINNED = {"images": {key: f"sha256:{digit * 64}" for key, digit in DIGESTS.items()}}
BUILT = {"images": {"source": "build"}}
LOCAL = {"layers": ["images"], "registry": {"host": "127.0.0.1:5000"}}


def plan(*parts: dict[str, Any], preview: bool = False, stack: str = "dev") -> Plan:
    merged: dict[str, Any] = {"stack": stack}
    for part in parts:
        merged |= part
    return recorded(StackSettings.model_validate(merged), preview=preview)


def references(of: Plan) -> dict[str, Any]:
    (outputs,) = (given for urn, given in of.component_outputs.items() if "spy:images:Images" in urn)
    return outputs


@pytest.mark.parametrize("preview", [True, False])
def test_pinned_images_are_the_settings_digests_and_declare_nothing(preview: bool) -> None:
    pinned = plan(PINNED, LOCAL, preview=preview)
    assert references(pinned) == {
        "backend": f"127.0.0.1:5000/spy-backend@sha256:{'a' * 64}",
        "detector": f"127.0.0.1:5000/spy-detector@sha256:{'b' * 64}",
        "tradingBot": f"127.0.0.1:5000/spy-trading-bot@sha256:{'c' * 64}",
        "simulator": f"127.0.0.1:5000/spy-simulator@sha256:{'d' * 64}",
    }
    assert [one.name for one in pinned.resources.values() if one.custom] == []


def test_a_digest_that_nobody_resolved_yet_can_be_planned() -> None:
    assert references(plan(LOCAL))["backend"] == "127.0.0.1:5000/spy-backend@unresolved"


def test_built_images_are_pushed_and_referred_to_by_what_the_push_answered() -> None:
    built = plan(BUILT, LOCAL)
    images = {one.name: reveal(one.inputs) for one in built.of_type(IMAGE)}
    assert set(images) == set(REPOSITORIES.values())
    for repository, inputs in images.items():
        assert inputs["push"] is True
        assert inputs["tags"] == [f"127.0.0.1:5000/{repository}:dev"]
        assert inputs["platforms"] == ["linux/amd64"]
        assert "registries" not in inputs  # no password of a registry passes through the program
    for key, reference in references(built).items():
        parsed = ImageRef.parse(reference)
        assert parsed.digest.startswith("sha256:"), key
        assert parsed.host == "127.0.0.1:5000"


def test_each_image_is_built_from_its_own_services_dockerfile() -> None:
    files = {one.name: one.inputs["dockerfile"]["location"] for one in plan(BUILT, LOCAL).of_type(IMAGE)}
    assert files == {
        "spy-backend": "../apps/backend/Dockerfile",
        "spy-detector": "../apps/detector/Dockerfile",
        "spy-trading-bot": "../apps/bot/Dockerfile",
        "spy-simulator": "../apps/simulator/Dockerfile",
    }


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.service)
def test_the_program_builds_what_the_tests_of_the_images_build(recipe: ImageRecipe) -> None:
    """One Dockerfile, context and list of arguments: those of the command by which Docker builds it in tests/images."""
    built = plan({"images": {"source": "build", "commit": "c" * 40}}, LOCAL)
    (inputs,) = (reveal(one.inputs) for one in built.of_type(IMAGE) if one.name == recipe.repository)
    (program,) = ROOT.glob("infra/__main__.py")
    arguments = {f"--build-arg={name}={value}" for name, value in inputs["buildArgs"].items()}
    said = command("docker", recipe, arguments=recipe.arguments(commit="c" * 40, base=base_reference()), tag="any")
    assert {part for part in said if part.startswith("--build-arg=")} == arguments
    assert f"--network={inputs['network']}" in said
    (platform,) = inputs["platforms"]
    assert f"--platform={platform}" in said
    assert (program.parent / inputs["context"]["location"]).resolve() == ROOT
    assert (program.parent / inputs["dockerfile"]["location"]).resolve() == ROOT / recipe.dockerfile
    assert f"--file={recipe.dockerfile}" in said
    assert not inputs.keys() & {"labels", "target", "addHosts", "secrets", "ssh", "noCache"}


@pytest.mark.parametrize("wrong", ["main", "c" * 39, "C" * 40, "v1.0"])
def test_a_commit_is_forty_digits(wrong: str) -> None:
    with pytest.raises(ValueError, match="commit"):
        StackSettings.model_validate({"stack": "dev", "images": {"commit": wrong}})


def test_no_machines_path_is_in_a_build() -> None:
    for one in plan(BUILT, LOCAL).of_type(IMAGE):
        assert "'/" not in repr(reveal(one.inputs))


def test_the_builder_on_this_machine_is_not_written_into_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://203.0.113.1:2375")
    recording = record(StackSettings.model_validate({"stack": "dev"} | BUILT | LOCAL), Mode.PREVIEW)
    (builder,) = recording.of_type("pulumi:providers:docker-build")
    assert builder.inputs == {"host": ""}


def test_a_push_waits_for_the_stacks_own_registry() -> None:
    built = plan(BUILT)
    for one in built.of_type(IMAGE):
        assert "Registry registry" in made_before(built, one)
        assert one.inputs["tags"] == [f"acrspyoptionsdev.azurecr.io/{one.name}:dev"]  # known before the registry is


def test_the_web_app_drops_out_with_the_images_it_is_made_of() -> None:
    built = plan(BUILT)
    webapp = built.named("azure-native:web:WebApp", "webapp")
    assert "Image spy-backend" in made_before(built, webapp)
    assert "Image spy-detector" not in made_before(built, webapp)


def test_in_a_stacks_first_run_the_registry_is_made_and_nothing_that_an_image_is_needed_for() -> None:
    first = plan(PINNED, {"deploy": {"images": False}})
    assert first.of_type("azure-native:containerregistry:Registry")
    assert first.of_type("azure-native:web:WebApp") == []
    assert [one.name for one in first.resources.values() if first.layer(one.urn) == "images"] == []


@pytest.mark.parametrize("wrong", ["latest", "v1.0", "", "sha256:abc", f"sha256:{'A' * 64}", f"sha512:{'a' * 64}"])
def test_a_tag_instead_of_a_digest_is_refused(wrong: str) -> None:
    with pytest.raises(NoDigest, match="spy-backend"):
        ImageRef("registry.example.org", "spy-backend", wrong)
    with pytest.raises(ValueError, match="backend"):
        StackSettings.model_validate({"stack": "prod", "images": {"backend": wrong}})


@pytest.mark.parametrize("text", ["registry.example.org/spy-backend:latest", "spy-backend", ""])
def test_a_reference_without_digest_is_refused(text: str) -> None:
    with pytest.raises(NoDigest, match="sha256"):
        ImageRef.parse(text)


@given(
    host=st.from_regex(r"[a-z][a-z0-9.-]{0,20}(:[0-9]{2,5})?", fullmatch=True),
    repository=st.sampled_from(sorted(REPOSITORIES.values())),
    digest=st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True),
)
def test_a_reference_reads_back_as_it_was_written(host: str, repository: str, digest: str) -> None:
    reference = ImageRef(host, repository, digest)
    assert ImageRef.parse(str(reference)) == reference
