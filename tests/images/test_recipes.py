"""The recipes of the images: locks, contexts, Dockerfiles and compose agree with what the services import."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
import yaml

from infra.image_recipe import NETWORK, RECIPES, ImageRecipe, base_reference
from tests.images.reach import ROOT, is_let_in, let_in, reached_from
from tests.tools.lock_files import pins
from tools.images.__main__ import give_secret
from tools.images.build import CannotBuild, build, command

ENTRIES = {
    "backend": ["apps.backend.__main__", "apps.service.scale"],
    "detector": ["apps.detector.__main__"],
    "bot": ["apps.bot.__main__"],
    "simulator": ["apps.simulator.__main__"],
}
"""The modules that an image's commands name."""

PACKAGES = {"jwt": "pyjwt", "nest_asyncio": "nest-asyncio"}
"""Import names that are not their package's name with a hyphen."""

SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
recipes = pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.service)


def entries(lock: str) -> list[str]:
    """NAME==VERSION and its hashes, without markers, one string a package."""
    text = (ROOT / "requirements" / lock).read_text("utf-8").replace("\\\n", "")
    return [re.sub(r" ;.*?(?= --hash)", "", re.sub(r"\s+", " ", line)).strip() for line in text.strip().splitlines()]


@recipes
def test_an_images_lock_is_a_part_of_the_runtimes_hash_for_hash(recipe: ImageRecipe) -> None:
    lock = Path(recipe.lock).name
    assert set(entries(lock)) <= set(entries("runtime.lock"))
    assert not pins(lock.removesuffix(".lock")).keys() & (pins("test").keys() - pins("runtime").keys())


@recipes
def test_every_library_that_a_service_can_reach_is_in_its_lock(recipe: ImageRecipe) -> None:
    _, libraries = reached_from(*ENTRIES[recipe.service])
    locked = pins(Path(recipe.lock).stem)
    assert {PACKAGES.get(name, name.replace("_", "-")) for name in libraries} <= locked.keys()


@recipes
def test_every_module_that_a_service_can_reach_gets_into_its_context_and_no_other_service_does(
    recipe: ImageRecipe,
) -> None:
    rules = let_in(ROOT / f"{recipe.dockerfile}.dockerignore")
    files, _ = reached_from(*ENTRIES[recipe.service])
    assert [str(path.relative_to(ROOT)) for path in sorted(files) if not is_let_in(path, rules)] == []
    others = {other.service for other in RECIPES.values()} - {recipe.service} | {"cli"}
    assert not [rule for rule in rules if rule.split("/")[:1] == ["apps"] and rule.split("/")[1] in others]


@recipes
def test_a_context_holds_nothing_that_is_not_code_wheels_or_the_page(recipe: ImageRecipe) -> None:
    known = ("apps/", "frontend/dist", "pyproject.toml", "tools/images/inside/", recipe.lock, f"{recipe.wheels}/")
    assert not [rule for rule in let_in(ROOT / f"{recipe.dockerfile}.dockerignore") if not rule.startswith(known)]


@recipes
def test_a_dockerfile_takes_its_base_as_an_argument_and_starts_its_service_without_a_shell(recipe: ImageRecipe) -> None:
    lines = (ROOT / recipe.dockerfile).read_text("utf-8").splitlines()
    froms = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert froms == ["${BASE}"] * 3  # the last has neither wheels nor what installed them
    assert f'ENTRYPOINT ["python3", "-m", "apps.{recipe.service}"]' in lines
    assert "USER 1000:1000" in lines
    assert not [line for line in lines if line.startswith("RUN ") and "[" not in line]


def test_a_build_has_no_network_and_is_told_base_and_commit() -> None:
    recipe = RECIPES["detector"]
    given = command("docker", recipe, arguments=recipe.arguments(commit="c" * 40, base="a-base"), tag="any")
    assert NETWORK == "none"
    assert {"--network=none", "--build-arg=BASE=a-base", f"--build-arg=COMMIT={'c' * 40}"} <= set(given)
    assert not [part for part in given if "DATE" in part or "TIME" in part]


def test_without_wheels_a_build_says_how_they_are_fetched(tmp_path: Path) -> None:
    with pytest.raises(CannotBuild, match="spy-detector needs build/wheels/detector: make wheels"):
        build(RECIPES["detector"], commit="", base="any", context=tmp_path)


@pytest.mark.skipif(not base_reference().endswith("unresolved"), reason="the base has a digest: make pins asked for it")
def test_without_a_digest_of_the_base_a_build_says_who_asks_for_it(tmp_path: Path) -> None:
    (tmp_path / RECIPES["detector"].wheels).mkdir(parents=True)
    with pytest.raises(CannotBuild, match=r"image\.python .* is unresolved: 'make pins'"):
        build(RECIPES["detector"], commit="", context=tmp_path)


def test_compose_runs_the_four_images_and_publishes_the_page_alone_on_loopback() -> None:
    images = {service["image"].split(":")[0] for service in SERVICES.values()}
    assert images == {recipe.repository for recipe in RECIPES.values()}
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"backend": ["127.0.0.1:${BACKEND_PORT:-8000}:8000"]}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_of_compose_is_hemmed_in(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("privileged") is None
    assert all(volume.split(":")[1].startswith("/app/") for volume in service.get("volumes", []))
    assert not [volume for volume in service.get("volumes", []) if volume.startswith((".", "/"))]


def test_the_shared_secret_of_compose_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("PORT=8000", "utf-8")
    path.chmod(0o600)
    give_secret(path)
    once = path.read_text("utf-8")
    give_secret(path)
    assert re.fullmatch(r"PORT=8000\nPUBLISHER_CLIENT_SECRET=[\w-]{32}\n", once)
    assert path.read_text("utf-8") == once
    give_secret(tmp_path / "new")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
