"""The images as a real Docker engine builds and runs them: sizes, rights, contents, health, end, and the same twice."""

from __future__ import annotations

import json
import shutil
import time
import tomllib
import uuid
from pathlib import Path

import httpx
import pytest

from infra.image_recipe import RECIPES, ImageRecipe
from stacks.pins import VERSIONS
from tests.images import inside
from tests.images.conftest import COMMIT
from tests.images.containers import HARDENED, Container, ended, python, started
from tests.images.layers import contents, facts
from tests.images.platform import live_frame, up
from tests.tools.lock_files import pins
from tools.images.build import ROOT, build
from tools.images.engine import Engine

BUDGETS_MB = {"backend": 200, "bot": 230, "detector": 350, "simulator": 500}
"""Architecture, section 7; the simulator's is the requirements' general limit (C22)."""

VOLUMES = {"backend": ("/app/cache",), "detector": ("/app/data",), "bot": ("/app/data", "/app/logs"), "simulator": ()}
WRONG = {
    "backend": ("BACKEND_PORT=99999", "BACKEND_PORT"),
    "detector": ("ANOMALY_THRESHOLD=0.5", "ANOMALY_THRESHOLD"),
    "bot": ("MODE=live", "MODE"),
    "simulator": ("SIMULATOR_PORT=99999", "port"),
}
recipes = pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.service)


def mounts(service: str) -> list[str]:
    """A volume of its own for each folder that the service writes to."""
    return [f"--mount=type=volume,destination={folder}" for folder in VOLUMES[service]]


@recipes
def test_an_image_is_within_its_budget(
    recipe: ImageRecipe, docker: Engine, images: dict[str, str], stand_in: str, capsys: pytest.CaptureFixture[str]
) -> None:
    slim = tomllib.loads(VERSIONS.read_text("utf-8"))["image"]["python"]["slim_bytes"]
    own = facts(docker, images[recipe.service])["Size"] - facts(docker, stand_in)["Size"]
    megabytes = (own + slim) / 1e6
    with capsys.disabled():
        print(
            f"\n{recipe.repository}: {megabytes:.0f} MB of {BUDGETS_MB[recipe.service]} ({own / 1e6:.0f} on the base)"
        )
    assert megabytes <= BUDGETS_MB[recipe.service]


@recipes
def test_an_image_runs_as_1000_and_writes_to_its_volumes_and_nowhere_else(
    recipe: ImageRecipe, docker: Engine, images: dict[str, str]
) -> None:
    script = inside.WRITES.replace("FOLDERS", repr(VOLUMES[recipe.service]))
    options = [*HARDENED, *mounts(recipe.service), "--entrypoint=python3"]
    told = docker.run("run", "--rm", "--network=none", *options, images[recipe.service], "-c", script).stdout
    found = json.loads(told)
    assert (found["uid"], found["gid"]) == (1000, 1000)
    assert found["wrote"] == ["/tmp", *VOLUMES[recipe.service]]  # noqa: S108  the container's own


@recipes
def test_without_a_read_only_root_its_user_may_still_write_to_the_volumes_folders_only(
    recipe: ImageRecipe, docker: Engine, images: dict[str, str]
) -> None:
    script = inside.WRITES.replace("FOLDERS", repr(("/app/data", "/app/logs", "/app/cache")))
    told = docker.run(
        "run", "--rm", "--network=none", "--entrypoint=python3", images[recipe.service], "-c", script
    ).stdout
    assert json.loads(told)["wrote"] == ["/tmp", "/app/data", "/app/logs", "/app/cache"]  # noqa: S108


@recipes
def test_nothing_is_missing_in_an_image_and_nothing_is_in_it_that_its_lock_does_not_name(
    recipe: ImageRecipe, docker: Engine, images: dict[str, str]
) -> None:
    found = python(docker, images[recipe.service], inside.IMPORTS)
    assert found["failed"] == {}
    assert set(found["missing"]) <= {"ib_async"}  # the other library, for the peer tests
    assert found["installed"] == pins(Path(recipe.lock).stem) | {"spy-options": "0.1.0"}
    assert not found["installed"].keys() & (pins("test").keys() - pins("runtime").keys())


@recipes
def test_an_image_holds_no_test_no_secret_and_nothing_that_installs(
    recipe: ImageRecipe, docker: Engine, images: dict[str, str]
) -> None:
    found = python(docker, images[recipe.service], inside.FILES)
    assert found["suspect"] == [path for path in found["suspect"] if path.endswith("/certifi/cacert.pem")]
    assert sorted(found["owned"]) == ["/app/cache", "/app/data", "/app/logs"]
    assert found["installers"] == []
    assert not [key for key in found["environment"] if "SECRET" in key or "PASSWORD" in key or "TOKEN" in key]


@recipes
def test_an_image_says_what_it_is_and_of_which_commit(
    recipe: ImageRecipe, docker: Engine, images: dict[str, str], stand_in: str
) -> None:
    labels = facts(docker, images[recipe.service])["Config"]["Labels"]
    told = {key.removeprefix("org.opencontainers.image."): value for key, value in labels.items()}
    assert told["title"] == recipe.repository
    assert told["revision"] == COMMIT
    assert told["base.name"] == stand_in
    assert "created" not in told


@recipes
def test_a_service_becomes_healthy_and_ends_in_its_grace_with_code_0(
    recipe: ImageRecipe, docker: Engine, images: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    with started(docker, images[recipe.service], "--health-interval=1s", *mounts(recipe.service)) as container:
        container.wait_until_healthy()
        healthy = time.monotonic() - began
        assert process_one(container) == ["python3", "-m", f"apps.{recipe.service}"]
        began = time.monotonic()
        assert container.stop() == 0, container.log()[-2_000:]
        with capsys.disabled():
            print(f"\n{recipe.repository}: healthy {healthy:.1f} s, ended {time.monotonic() - began:.1f} s")


def process_one(container: Container) -> list[str]:
    """The command line of the container's first process."""
    script = "print(open('/proc/1/cmdline').read().replace(chr(0), ' '))"
    return container.engine.run("exec", container.name, "python3", "-c", script).stdout.split()


@recipes
def test_a_wrong_setting_ends_in_one_sentence_and_code_2(
    recipe: ImageRecipe, docker: Engine, images: dict[str, str]
) -> None:
    setting, named = WRONG[recipe.service]
    code, told = ended(docker, images[recipe.service], f"--env={setting}", *mounts(recipe.service))
    assert code == 2, told
    assert len(told.strip().splitlines()) == 1, told
    assert named in told


@pytest.mark.parametrize("service", [name for name, folders in VOLUMES.items() if folders])
def test_without_its_volume_a_service_ends_in_one_sentence_and_code_2(
    service: str, docker: Engine, images: dict[str, str]
) -> None:
    code, told = ended(docker, images[service])
    assert code == 2, told
    assert len(told.strip().splitlines()) == 1, told
    assert "Read-only file system" in told


def test_the_same_commit_built_twice_gives_the_same_layers(
    docker: Engine, images: dict[str, str], stand_in: str, tmp_path: Path
) -> None:
    """From a copy with other time stamps and nothing cached.

    The builder of Docker 20.10 leaves the time at which a step ran in the stamp of /etc: the one layer that takes pip
    out may differ in that and in nothing else.
    """
    copy, recipe = tmp_path / "copy", RECIPES["backend"]
    for part in ("apps", "frontend/dist", "tools/images", "requirements", recipe.wheels):
        shutil.copytree(ROOT / part, copy / part, copy_function=shutil.copyfile)
    shutil.copyfile(ROOT / "pyproject.toml", copy / "pyproject.toml")
    again = build(
        recipe,
        commit=COMMIT,
        base=stand_in,
        tag=f"{recipe.repository}:{uuid.uuid4().hex[:8]}",
        client=docker.client,
        environment=docker.environment,
        context=copy,
        options=["--no-cache"],
    )
    try:
        first, second = (facts(docker, image)["RootFS"]["Layers"] for image in (images["backend"], again))
        different = [number for number, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1]]
        assert set(different) <= {1}, "more than the layer that takes pip out"
        for number in different:
            one, other = (contents(docker, image, number, tmp_path) for image in (images["backend"], again))
            assert one == other
    finally:
        docker.run("image", "rm", "--force", again, check=False)


def test_compose_brings_the_whole_platform_up_to_a_live_frame_and_leaves_nothing(
    docker: Engine, images: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    with up(docker, images["backend"].split(":")[1]) as platform:
        with httpx.Client(base_url=f"http://127.0.0.1:{platform.port}", timeout=10) as client:
            frame = live_frame(client)
        with capsys.disabled():
            print(f"\ncompose: a live frame {time.monotonic() - began:.1f} s after up")
        assert (frame.source, frame.data) == ("simulated", "live")
        states = platform.containers()
        assert {name: state["Health"]["Status"] for name, state in states.items()} == dict.fromkeys(states, "healthy")
        assert set(states) == {recipe.repository.removeprefix("spy-") for recipe in RECIPES.values()}
        platform.compose("stop", "--timeout", "25")
        assert {state["ExitCode"] for state in platform.containers().values()} == {0}
    assert platform.left() == []
