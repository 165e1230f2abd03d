"""The images as a real Docker engine builds and runs them: sizes, rights, contents, health, end, and the same twice."""

from __future__ import annotations

import json
import signal
import time
import tomllib
import uuid
from pathlib import Path

import httpx
import pytest

from infra.image_recipe import RECIPES, ImageRecipe
from stacks.pins import VERSIONS
from tests.images import inside
from tests.images.conftest import COMMIT, forget
from tests.images.containers import GRACE_SECONDS, HARDENED, VOLUMES, ended, mounts, python, started
from tests.images.layers import contents, context_of, facts
from tests.images.platform import Platform, live_frames, project
from tests.tools.lock_files import pins
from tools.images.build import CannotBuild, build
from tools.images.engine import Engine

BUDGETS_MB = {"backend": 200, "bot": 230, "detector": 350, "simulator": 500}
"""Architecture, section 7; the simulator's is the requirements' general limit (C22)."""

WRONG = {
    "backend": ("BACKEND_PORT=99999", "BACKEND_PORT"),
    "detector": ("ANOMALY_THRESHOLD=0.5", "ANOMALY_THRESHOLD"),
    "bot": ("MODE=live", "MODE"),
    "simulator": ("SIMULATOR_PORT=99999", "port"),
}
recipes = pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.service)


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
        assert container.process_one() == ["python3", "-m", f"apps.{recipe.service}"]
        began = time.monotonic()
        assert container.stop() == 0, container.log()[-2_000:]
        with capsys.disabled():
            print(f"\n{recipe.repository}: healthy {healthy:.1f} s, ended {time.monotonic() - began:.1f} s")


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
    recipe = RECIPES["backend"]
    copy = context_of(recipe, tmp_path)
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
        different = [number for number, (one, other) in enumerate(zip(first, second, strict=True)) if one != other]
        assert set(different) <= {1}, "more than the layer that takes pip out"
        for number in different:
            one, other = (contents(docker, image, number, tmp_path) for image in (images["backend"], again))
            assert one == other
    finally:
        forget(docker, again)


def test_a_container_that_is_stopped_before_its_service_listens_ends_at_once(
    docker: Engine, images: dict[str, str]
) -> None:
    script = "import time; print('begun', flush=True); time.sleep(60)"
    with started(docker, images["bot"], "--entrypoint=python3", arguments=["-c", script]) as container:
        assert container.said("begun")
        assert container.stop() == 128 + signal.SIGTERM


def test_the_health_check_says_what_it_asked_when_nothing_answers(docker: Engine, images: dict[str, str]) -> None:
    asked = ["/app/healthcheck.py", "BOT_PORT", "8080", "/health"]
    code, told = ended(docker, images["bot"], "--entrypoint=python3", arguments=asked)
    assert (code, told) == (1, "/health does not answer: [Errno 111] Connection refused\n")


def test_a_wheel_with_another_hash_ends_the_build_and_is_named(docker: Engine, stand_in: str, tmp_path: Path) -> None:
    copy = context_of(RECIPES["trading_bot"], tmp_path)
    wheel = next((copy / RECIPES["trading_bot"].wheels).glob("click-*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"more")
    with pytest.raises(CannotBuild, match=r"(?s)spy-trading-bot was not built: .*click.* remove build/wheels"):
        build(
            RECIPES["trading_bot"],
            commit=COMMIT,
            base=stand_in,
            tag="spy-test-never:1",
            client=docker.client,
            environment=docker.environment,
            context=copy,
        )


def test_compose_brings_live_frames_to_this_machine_while_the_detector_leads_and_the_bot_is_paused(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    with httpx.Client(base_url=f"http://127.0.0.1:{platform.port}", timeout=10) as client:
        first, second = live_frames(client, 2)
    with capsys.disabled():
        print(f"\ncompose: live frames {time.monotonic() - began:.1f} s after up returned")
    assert (first.source, first.data) == ("simulated", "live")
    assert second.frame > first.frame
    services = platform.containers()
    assert set(services) == {recipe.repository.removeprefix("spy-") for recipe in RECIPES.values()}
    assert platform.asked("detector", 9100, "/ready") == {"ready": True, "role": "leader", "problems": []}
    assert platform.asked("trading-bot", 8080, "/ready") == {"ready": True, "role": "bot", "problems": []}
    assert "paused: no signal is traded" in services["trading-bot"].log()


def test_compose_publishes_the_page_on_loopback_and_nothing_else(platform: Platform) -> None:
    ports = {name: container.facts()["NetworkSettings"]["Ports"] for name, container in platform.containers().items()}
    published = {name: {port: to for port, to in found.items() if to} for name, found in ports.items()}
    page = {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(platform.port)}]}
    assert published == {name: {} for name in ports} | {"backend": page}


def test_compose_stops_every_service_with_code_0_and_leaves_nothing(platform: Platform) -> None:
    """The last of the platform's tests: it takes it down."""
    platform.compose("stop", "--timeout", str(GRACE_SECONDS))
    codes = {name: container.facts()["State"]["ExitCode"] for name, container in platform.containers().items()}
    assert codes == dict.fromkeys(codes, 0)
    platform.down()
    assert platform.left() == []


def test_compose_says_which_service_does_not_start_and_its_log_says_why_in_one_sentence(
    docker: Engine, images: dict[str, str]
) -> None:
    with project(docker, images["backend"].split(":")[1], SCENARIO="nonsense") as wrong:
        told = wrong.tried("up", "--detach")
        assert told.returncode != 0
        simulator = wrong.containers()["simulator"]
        assert "unhealthy" in told.stderr or "exited (2)" in told.stderr
        (sentence,) = set(simulator.log().strip().splitlines())  # the same at every new start
        assert "There is no scenario named 'nonsense'" in sentence
