"""`spy images pin` over the real Pulumi CLI and its state: what one stack ran is what another's file says, no more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from infra.cli import app
from infra.promotion import command
from infra.promotion import images as promoted_images
from infra.promotion.stack_file import StackFileRefused, with_values
from stacks.load import load
from stacks.needs import missing
from tests.stacks.builders import ROOT
from tests.toolchain import pulumi_cli

DIGESTS = {
    name: f"sha256:{letter * 64}" for name, letter in zip(("backend", "detector", "tradingBot"), "abc", strict=True)
}
OUTPUTS = {"backend": "spy-backend", "detector": "spy-detector", "tradingBot": "spy-trading-bot"}
HOST = "acrspyoptionsdev.azurecr.io"


def outputs(**changed: str) -> dict[str, str]:
    """Outputs of dev after an up."""
    told = {f"{key}Image": f"{HOST}/{name}@{DIGESTS[key]}" for key, name in OUTPUTS.items()}
    return {**told, "stack": "dev", **changed}


STACK = "urn:pulumi:dev::spy-options::pulumi:pulumi:Stack::spy-options-dev"
MANIFEST = {"time": "2026-11-21T00:00:00Z", "magic": "", "version": ""}
PASSPHRASE = "of-a-test"


@dataclass
class Release:
    """A project with dev and prod, dev in the state of a real Pulumi."""

    root: Path
    state: Path

    def dev_has_run(self, told: dict[str, str]) -> None:
        """Other outputs of dev than those it was imported with, in the state's own file."""
        file = self.state / ".pulumi" / "stacks" / "spy-options" / "dev.json"
        text = json.loads(file.read_text("utf-8"))
        text["checkpoint"]["Latest"]["resources"][0]["outputs"] = told
        file.write_text(json.dumps(text), "utf-8")

    def pin(self, *arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, ["images", "pin", *(arguments or ("prod", "--from", "dev"))])
        return result.exit_code, result.stdout, result.stderr

    def file(self, stack: str = "prod") -> str:
        return (self.root / f"Pulumi.{stack}.yaml").read_text("utf-8")


def environment(folder: Path) -> dict[str, str]:
    """What the CLI needs to have its state in a folder."""
    return {
        "PULUMI_CLI": str(pulumi_cli()),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, and a state in which the CLI has made dev and taken its outputs; made once, copied by every test."""
    folder = tmp_path_factory.mktemp("promotion")
    root = folder / "project"
    for path in (root, folder / "state"):
        path.mkdir()
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copy(ROOT / name, root)
    stack = {"urn": STACK, "custom": False, "type": "pulumi:pulumi:Stack", "outputs": outputs()}
    deployment = {"version": 3, "deployment": {"manifest": MANIFEST, "resources": [stack]}}
    for arguments, given_ in (
        (["stack", "init", "dev"], ""),
        (["stack", "import", "--stack", "dev"], json.dumps(deployment)),
    ):
        run = subprocess.run(
            [pulumi_cli(), "--cwd", str(root), "--non-interactive", *arguments],
            input=given_,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | environment(folder),
        )
        assert run.returncode == 0, run.stderr
    for name in ("Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        shutil.copy(ROOT / name, root)
    return folder


@pytest.fixture
def release(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    for name in ("project", "state"):
        shutil.copytree(made / name, tmp_path / name)
    for variable, value in environment(tmp_path).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(command, "ROOT", tmp_path / "project")
    return Release(tmp_path / "project", tmp_path / "state")


def test_what_dev_ran_is_what_prods_file_says_and_nothing_else_changes(release: Release) -> None:
    before = release.file()
    code, out, err = release.pin()
    assert (code, err) == (0, "")
    expected = before
    for key, digest in DIGESTS.items():
        expected = expected.replace(f"    {key}: unresolved", f"    {key}: {digest}")
    assert release.file() == expected
    assert "images.backend: sha256:" in out
    assert "(was unresolved)" in out
    assert not [one for one in missing(load("prod", release.root)) if one.startswith("images.")]
    assert release.pin()[0] == 0
    assert release.file() == expected


def test_the_copies_between_two_registries_are_said_by_digest(release: Release) -> None:
    told = json.loads(release.pin("prod", "--from", "dev", "--json")[1])
    assert told["copy"] == [
        f"az acr import --name acrspyoptions --source {HOST}/{name}@{DIGESTS[key]} --image {name}:prod"
        for key, name in OUTPUTS.items()
    ]
    assert [one["before"] for one in told["images"]] == ["unresolved"] * 3


def test_stacks_that_share_a_registry_have_nothing_to_copy(release: Release) -> None:
    shared = (
        "\n  spy-options:registry:\n    mode: shared\n    host: acrspyoptionsdev.azurecr.io\n    id: /subscriptions/x\n"
    )
    (release.root / "Pulumi.prod.yaml").write_text(release.file().rstrip("\n") + "\n" + shared)
    assert json.loads(release.pin("prod", "--from", "dev", "--json")[1])["copy"] == []


def test_a_stack_that_built_its_images_takes_them_by_digest_from_now_on(release: Release) -> None:
    (release.root / "Pulumi.local.yaml").write_text((ROOT / "Pulumi.local.yaml").read_text("utf-8"))
    assert release.pin("local", "--from", "dev")[0] == 0
    images = load("local", release.root).images
    assert (images.source, images.backend, images.trading_bot) == ("pinned", DIGESTS["backend"], DIGESTS["tradingBot"])
    assert "# SQLite and the embedded hub live in one process" in release.file("local")


def no_up(release: Release) -> None:
    release.dev_has_run({"stack": "dev"})


def built_nothing(release: Release) -> None:
    release.dev_has_run(outputs(detectorImage=f"{HOST}/spy-detector@unresolved"))


def a_tag(release: Release) -> None:
    release.dev_has_run(outputs(backendImage=f"{HOST}/spy-backend:latest"))


def half_a_digest(release: Release) -> None:
    release.dev_has_run(outputs(backendImage=f"{HOST}/spy-backend@sha256:abc"))


def more_than_a_digest(release: Release) -> None:
    release.dev_has_run(outputs(backendImage=f"{HOST}/spy-backend@{DIGESTS['backend']}\n    source: build"))


def a_command(release: Release) -> None:
    release.dev_has_run(outputs(backendImage=f"{HOST}/$(id)@{DIGESTS['backend']}"))


def no_stack(release: Release) -> None:
    shutil.rmtree(release.state / ".pulumi" / "stacks")


def no_state(release: Release) -> None:
    shutil.rmtree(release.state)


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (no_up, "dev tells no images in its outputs: 'pulumi up -s dev' has to run them first"),
        (built_nothing, "dev tells detector as unresolved, which nothing ran by"),
        (a_tag, "which is no digest: a tag is not promoted"),
        (half_a_digest, "which is no digest: a tag is not promoted"),
        (more_than_a_digest, "which is no digest: a tag is not promoted"),
        (a_command, "which is no digest: a tag is not promoted"),
        (no_stack, "the outputs of dev cannot be read (no stack named 'dev' found"),
        (no_state, "the outputs of dev cannot be read ("),
    ],
)
def test_what_cannot_be_promoted_is_one_sentence_and_changes_nothing(
    release: Release, happens: Callable[[Release], Any], said: str
) -> None:
    happens(release)
    before = release.file()
    code, out, err = release.pin()
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert said in err
    assert release.file() == before


def test_names_that_are_no_two_stacks_are_refused(release: Release) -> None:
    assert "name two stacks" in release.pin("prod", "--from", "prod")[2]
    assert "choose one of dev, prod" in release.pin("staging", "--from", "dev")[2]


@pytest.mark.parametrize("told", ["[]", "5", "null", '"text"', "[" * 100_000])
def test_outputs_that_are_no_object_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.setattr(promoted_images, "ask", lambda *_: told)
    with pytest.raises(promoted_images.PromotionRefused, match=r"^the outputs of dev .*: 'spy doctor --stack dev'$"):
        promoted_images.ran("dev", tmp_path, "prod")


def test_the_ends_of_lines_and_a_link_to_the_file_stay_as_they_are(release: Release) -> None:
    path, real = release.root / "Pulumi.prod.yaml", release.root / "mine.yaml"
    real.write_bytes(release.file().replace("\n", "\r\n").encode())
    path.unlink()
    path.symlink_to(real.name)
    assert release.pin()[0] == 0
    assert path.is_symlink()
    changed = real.read_bytes()
    assert DIGESTS["backend"].encode() in changed
    assert changed.count(b"\n") == changed.count(b"\r\n")
    assert load("prod", release.root).images.backend == DIGESTS["backend"]


FILE = """\
# A stack.
config:
  # Images.
  spy-options:images:
    source: pinned   # never built

    backend: "unresolved" # the API
  # What follows is another section's.
  spy-options:vpn:
    sku: Basic
"""


def test_an_absent_key_follows_the_others_of_its_section() -> None:
    changed = with_values(FILE, "images", {"backend": "sha256:1", "detector": "sha256:2"})
    assert changed == FILE.replace(
        'backend: "unresolved" # the API\n', "backend: sha256:1 # the API\n    detector: sha256:2\n"
    )


def test_an_absent_section_follows_the_others() -> None:
    text = "config:\n  spy-options:vpn:\n    sku: Basic\n# The end.\n"
    assert with_values(text, "images", {"backend": "sha256:1"}) == (
        "config:\n  spy-options:vpn:\n    sku: Basic\n  spy-options:images:\n    backend: sha256:1\n# The end.\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "config: {spy-options:images: {backend: a}}\n",
        "config:\n  spy-options:images: {backend: a}\n",
        "config:\n  spy-options:images: text\n",
        "config:\n  spy-options:images:\n    backend: [a]\n",
        "config:\n",
        "config:\n  spy-options:images:\n    backend: >-\n      a\n    detector: b\n",
        "config:\n  spy-options:images:\n    backend: &one a\n    detector: *one\n",
        "config:\n  a:\n    &images\n    backend: a\n  spy-options:images: *images\n",
        "",
    ],
)
def test_a_file_that_is_written_otherwise_is_left_to_a_person(text: str) -> None:
    with pytest.raises(StackFileRefused):
        with_values(text, "images", {"backend": "sha256:1"})


def test_a_section_without_the_projects_prefix_is_the_same_section() -> None:
    text = "config:\n  images:\n    backend: a\n"
    assert with_values(text, "images", {"backend": "sha256:1"}) == "config:\n  images:\n    backend: sha256:1\n"


@given(
    sections=st.dictionaries(
        st.from_regex(r"[a-z]{1,5}", fullmatch=True),
        st.dictionaries(
            st.from_regex(r"[a-z]{1,5}", fullmatch=True),
            st.one_of(
                st.integers(), st.booleans(), st.text("ab #:-'\"\n", max_size=8), st.lists(st.integers(), max_size=3)
            ),
            min_size=1,
            max_size=4,
        ),
        max_size=4,
    ),
    key=st.sampled_from(["backend", "detector"]),
)
def test_whatever_else_a_file_holds_stays_as_it_was(sections: dict[str, dict[str, Any]], key: str) -> None:
    config: dict[str, Any] = {f"spy-options:{name}": values for name, values in sections.items()}
    config["spy-options:images"] = {"backend": "unresolved"}
    text = yaml.safe_dump({"config": config}, sort_keys=False)
    changed = with_values(text, "images", {key: "sha256:1"})
    config["spy-options:images"] = {**config["spy-options:images"], key: "sha256:1"}
    assert yaml.safe_load(changed) == {"config": config}
