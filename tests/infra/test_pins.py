"""`make pins` against a registry that is strict: digests come from it and from nowhere else, comments stay."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from infra import registry_client
from infra.registry_client import AzureLogin, RegistryRefused, Visitor, asking
from stacks import pins as stacks_pins
from stacks.refusal import SettingsRefused
from tests.infra.loopback_http import Answer, serving
from tests.infra.projects import project
from tests.infra.registry_stand_in import Registry, digest_of, running_registry
from tests.stacks.builders import ROOT
from tools import pin_file, pins
from tools.charts import newest

FILE = """\
# What is pinned.
[go.pulumi]
version = "v3.200.0" # digest = "unresolved"

[image.python]
# The base of every image.
registry = "docker"
repository = "library/python"
tag = "3.11-slim"
digest = "unresolved" # make pins
slim_bytes = 130_000_000

[image.ib-gateway]
registry = "git-hub"
repository = "somebody/ib-gateway"
tag = "stable"
digest   =   "unresolved"

[chart.kube-prometheus-stack]
version = "88.5.3"
"""
CHARTS = {"entries": {"kube-prometheus-stack": [{"version": v} for v in ("88.5.3", "89.0.0-rc.1", "9.1.0")]}}


@dataclass
class Desk:
    """The machine of whoever raises versions."""

    docker: Registry
    github: Registry
    file: Path
    capture: pytest.CaptureFixture[str]

    def make(self, *arguments: str) -> tuple[int, str, str]:
        """`make pins` with these arguments: exit code and what it said."""
        code = pins.main(arguments)
        said = self.capture.readouterr()
        return code, said.out, said.err

    def told(self, title: str, key: str = "digest") -> str:
        kind, name = title.split(".")
        return str(tomllib.loads(self.file.read_text("utf-8"))[kind][name][key])


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    file = tmp_path / "versions.toml"
    file.write_text(FILE, "utf-8")
    monkeypatch.setattr(pins, "VERSIONS", file)
    with ExitStack() as running:
        docker, github = (running.enter_context(running_registry()) for _ in range(2))
        charts = running.enter_context(serving(lambda asked: index(asked.path)))
        docker.push("library/python", "3.11-slim")
        github.push("somebody/ib-gateway", "stable")
        for name, host in (("DOCKER", docker.host), ("GIT_HUB", github.host), ("CHARTS", charts.address)):
            monkeypatch.setenv(f"SPY_REGISTRY_{name}", host)
        yield Desk(docker, github, file, capsys)


def index(path: str) -> Answer:
    return Answer(200, yaml.safe_dump(CHARTS).encode()) if path == "/index.yaml" else Answer(404)


def test_unresolved_digests_are_asked_for_and_nothing_else_in_the_file_changes(desk: Desk) -> None:
    code, out, err = desk.make()
    assert (code, err) == (0, "")
    python = desk.docker.images["library/python", "3.11-slim"]
    gateway = desk.github.images["somebody/ib-gateway", "stable"]
    expected = FILE.replace('digest = "unresolved" # make', f'digest = "{digest_of(python)}" # make')
    expected = expected.replace('digest   =   "unresolved"', f'digest   =   "{digest_of(gateway)}"')
    assert desk.file.read_text("utf-8") == expected
    assert "image.python: unresolved -> sha256:" in out
    assert desk.make() == (0, out_of_the_same(desk), "")


def out_of_the_same(desk: Desk) -> str:
    """What is said when everything is as its registry says."""
    return "".join(f"{one.title}: {one.value}\n" for one in pin_file.pins(desk.file.read_text("utf-8")))


def test_the_digest_is_that_of_the_index_and_not_of_one_machines_manifest(desk: Desk) -> None:
    """A registry answers who does not ask for indexes with a manifest, under another digest."""
    desk.make()
    assert desk.told("image.python") == digest_of(desk.docker.images["library/python", "3.11-slim"])
    assert desk.docker.loopback is not None
    asked = [one for one in desk.docker.loopback.asked if "/manifests/" in one.path]
    assert all(one.method == "HEAD" for one in asked)


def test_check_says_what_is_unresolved_and_writes_nothing(desk: Desk) -> None:
    code, out, _ = desk.make("--check")
    assert code == pins.OTHERWISE
    assert "image.python: unresolved; it is sha256:" in out
    assert desk.file.read_text("utf-8") == FILE


def test_what_has_moved_is_said_and_written_only_when_meant(desk: Desk) -> None:
    desk.make()
    before = desk.told("image.python")
    after = desk.docker.push("library/python", "3.11-slim", "a security fix")
    for arguments in (("--check",), ()):
        code, out, _ = desk.make(*arguments)
        assert code == pins.OTHERWISE
        assert f"image.python: has moved from {before} to {after}: make pins MOVE=1" in out
        assert desk.told("image.python") == before
    assert desk.make("--move", "python")[0] == 0
    assert desk.told("image.python") == after


def test_one_that_cannot_be_asked_hides_none_of_the_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPY_REGISTRY_DOCKER")
    code, _, err = desk.make()
    assert code == pins.REFUSED
    assert "image.python lies in the registry 'docker', whose host is not known here: 'SPY_REGISTRY_DOCKER=HOST" in err
    assert desk.told("image.python") == "unresolved"
    assert desk.told("image.ib-gateway").startswith("sha256:")


def test_a_stacks_settings_name_hosts_too(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project(tmp_path / "project", "prod", upstream={"charts": f"https://{desk.docker.host}/nowhere"})
    monkeypatch.setattr(pins, "ROOT", folder)
    monkeypatch.delenv("SPY_REGISTRY_CHARTS")
    code, _, err = desk.make("--stack", "prod", "kube-prometheus-stack")
    assert code == pins.REFUSED
    assert f"http://{desk.docker.host}/nowhere/index.yaml answered 404: is it a chart repository?" in err


def test_a_tag_that_is_not_there_is_named(desk: Desk) -> None:
    del desk.docker.images["library/python", "3.11-slim"]
    code, _, err = desk.make("python")
    assert code == pins.REFUSED
    assert err.startswith(f"image.python: {desk.docker.host}/library/python:3.11-slim is not in the registry")


def test_an_unknown_table_is_named_with_those_there_are(desk: Desk) -> None:
    code, _, err = desk.make("pyhton")
    assert code == pins.REFUSED
    assert "pyhton is in no table of tools/versions.toml, which has image.python, image.ib-gateway" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "tools/versions.toml holds no image and no chart: take it from the repository"),
        (b"\xff\xfe", "tools/versions.toml is no UTF-8 text: take it from the repository"),
        (b"{[}", "tools/versions.toml is no TOML (Invalid statement (at line 1, column 1)): correct it, or take it"),
        (b"image = 5", "tools/versions.toml has image otherwise than in tables [image.NAME]"),
        (b"[image]\npython = 5", "tools/versions.toml has image otherwise than in tables [image.NAME]"),
        (b'[image.python]\nrepository = "a"', "image.python of tools/versions.toml has no tag, or none that is a text"),
        (b"[chart.c]\nversion = 5", "chart.c of tools/versions.toml has no version, or none that is a text"),
    ],
)
def test_a_file_that_is_damaged_is_one_sentence(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, text: bytes, said: str
) -> None:
    desk.file.write_bytes(text)
    code, out, err = desk.make()
    assert (code, out, len(err.splitlines())) == (pins.REFUSED, "", 1)
    assert err.startswith(said)
    if b"chart" not in text:  # the program reads the same file, one table at a time
        stacks_pins._versions.cache_clear()
        monkeypatch.setattr(stacks_pins, "VERSIONS", desk.file)
        with pytest.raises(SettingsRefused, match=r"tools/versions\.toml .*: take it from the repository"):
            stacks_pins.base_image()
        stacks_pins._versions.cache_clear()


def test_a_file_that_is_not_there_is_one_sentence(desk: Desk) -> None:
    desk.file.unlink()
    assert desk.make()[2] == (
        "tools/versions.toml cannot be read or written, No such file or directory: take it from the repository\n"
    )


@pytest.mark.parametrize("host", ["[::1", "a b", "127.0.0.1:99999999", "https://somebody:secret@127.0.0.1:9"])
@pytest.mark.parametrize("name", ["python", "kube-prometheus-stack"])
def test_a_host_that_is_none_is_refused_and_not_shown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, host: str, name: str
) -> None:
    for key in ("DOCKER", "CHARTS"):
        monkeypatch.setenv(f"SPY_REGISTRY_{key}", host)
    code, _, err = desk.make(name)
    assert code == pins.REFUSED
    assert "holds is no host: give HOST or HOST:PORT" in err
    assert host not in err


def test_a_stack_is_named_as_the_way_to_a_host_only_where_its_settings_can_know_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("DOCKER", "CHARTS"):
        monkeypatch.delenv(f"SPY_REGISTRY_{key}")
    assert "STACK=NAME of a stack that has upstream.charts" in desk.make("kube-prometheus-stack")[2]
    assert "STACK=" not in desk.make("python")[2]


def test_a_chart_is_pinned_to_a_version_that_is_published(desk: Desk) -> None:
    assert desk.make("chart.kube-prometheus-stack")[0] == 0
    desk.file.write_text(FILE.replace("88.5.3", "88.5.4"), "utf-8")
    code, _, err = desk.make("kube-prometheus-stack")
    assert code == pins.REFUSED
    assert "chart.kube-prometheus-stack 88.5.4 is not published (any more)" in err
    desk.file.write_text(FILE.replace('"88.5.3"', '"unresolved"'), "utf-8")
    assert desk.make("kube-prometheus-stack")[0] == 0
    assert desk.told("chart.kube-prometheus-stack", "version") == "88.5.3"


def test_a_chart_in_a_registry_is_found_by_its_tags_over_all_pages(desk: Desk) -> None:
    for version in ("0.48.9", "0.49.0", "0.5.0", "0.50.0-rc1"):
        desk.docker.push("charts/fluent-bit", version)
    table = '\n[chart.fluent-bit]\nregistry = "docker"\nrepository = "charts/fluent-bit"\nversion = "unresolved"\n'
    desk.file.write_text(FILE + table, "utf-8")
    assert desk.make("fluent-bit")[0] == 0
    assert desk.told("chart.fluent-bit", "version") == "0.49.0"


def test_no_version_is_newer_than_the_highest_that_is_no_trial() -> None:
    assert newest(["9.9.9", "10.0.0", "11.0.0-beta"], "it") == "10.0.0"
    with pytest.raises(RegistryRefused, match="it has no version that is no trial"):
        newest(["1.0.0-rc.1", "latest"], "it")


@pytest.mark.parametrize(
    "broken", ['digest = "unresolved" # make pins\n', "[image.python]\n"], ids=["no digest line", "no table line"]
)
def test_a_file_in_which_the_value_is_not_found_alone_is_left_alone(desk: Desk, broken: str) -> None:
    text = FILE.replace(broken, "[image]\npython = {repository = 'a', tag = 'b', digest = 'unresolved'}\n[image.x]\n")
    if broken.startswith("digest"):
        text = FILE.replace(broken, "")
    desk.file.write_text(text, "utf-8")
    asked = pin_file.Asked(pin_file.pins(text, ["python"])[0], "sha256:" + "0" * 64)
    with pytest.raises(pin_file.PinRefused, match=r"image\.python has no line"):
        pin_file.written(text, asked)


def test_a_registry_that_tells_no_digest_is_hashed(desk: Desk) -> None:
    desk.docker.silent_digests = True
    assert desk.make("python")[0] == 0
    assert desk.told("image.python") == digest_of(desk.docker.images["library/python", "3.11-slim"])


def test_a_registry_that_asks_for_a_pause_is_waited_for_and_not_for_ever() -> None:
    slept: list[float] = []
    with running_registry(retry_after="7") as registry, asking(registry.host) as client:
        client._sleep = slept.append
        digest = registry.push("library/python", "3.11-slim")
        registry.busy = 3
        assert client.digest("library/python", "3.11-slim") == digest
        assert slept == [7.0, 7.0, 7.0]
        registry.busy = 100
        with pytest.raises(RegistryRefused, match="asks to wait 7 s: run this again then"):
            client.digest("library/python", "3.11-slim")
        assert sum(slept[3:]) <= registry_client.PATIENCE_SECONDS
        registry.retry_after = "3600"
        with pytest.raises(RegistryRefused, match="asks to wait 3600 s"):
            client.digest("library/python", "3.11-slim")


def test_who_may_not_read_is_told_to_sign_in_and_who_may_reads(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.docker.user = "somebody:secret"
    code, _, err = desk.make("python")
    assert code == pins.REFUSED
    assert "gives no token for repository:library/python:pull (401): sign in anew" in err
    monkeypatch.setenv("SPY_REGISTRY_DOCKER_LOGIN", "somebody:secret")
    code, out, err = desk.make("python")
    assert code == 0
    assert "secret" not in out + err


def test_a_sign_in_over_plain_http_elsewhere_is_not_done() -> None:
    with running_registry(realm="http://tokens.example.org/token") as registry, asking(registry.host) as client:
        registry.push("library/python", "3.11-slim")
        with pytest.raises(RegistryRefused, match=r"over plain http, at tokens\.example\.org: not done"):
            client.digest("library/python", "3.11-slim")


def test_azures_registry_takes_an_azure_login() -> None:
    login = AzureLogin(lambda: "an-azure-token", "a-tenant")
    with running_registry(azure="an-azure-token") as registry, asking(registry.host, login) as client:
        digest = registry.push("spy-backend", "dev")
        assert client.digest("spy-backend", digest) == digest
    with running_registry(azure="another") as registry, asking(registry.host, login) as client:
        registry.push("spy-backend", "dev")
        with pytest.raises(RegistryRefused, match="gives no token"):
            client.digest("spy-backend", "dev")


def test_tags_without_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_client, "PAGES_MAX", 5)
    again = Answer(200, {"tags": ["1"]}, {"Link": '</v2/a/tags/list?last=1>; rel="next"'})
    with serving(lambda _: again) as server, asking(server.address.removeprefix("http://")) as client:
        with pytest.raises(RegistryRefused, match="tags without end"):
            client.tags("a")
        assert len(server.asked) == 5


@pytest.mark.parametrize("realm", ["https://[::1", "http://127.0.0.1:99x", "https://\x7f"])
def test_a_sign_in_at_no_address_is_one_sentence(realm: str) -> None:
    with (
        running_registry(realm=realm) as registry,
        asking(registry.host) as client,
        pytest.raises(RegistryRefused, match="the registry cannot be reached"),
    ):
        client.digest("library/python", "3.11-slim")


def test_an_azure_token_goes_to_no_registry_but_azures() -> None:
    def never() -> str:
        raise AssertionError("the token was asked for")

    login = AzureLogin(never, "a-tenant")
    with (
        running_registry(realm="https://acr.azurecr.io.example.org/oauth2/token") as registry,
        asking(registry.host, login) as client,
        pytest.raises(RegistryRefused, match=r"is no registry of Azure's: not done"),
    ):
        client.digest("spy-backend", "dev")


def test_a_registry_that_is_away_is_named() -> None:
    with (
        asking("127.0.0.1:9", Visitor()) as client,
        pytest.raises(RegistryRefused, match=r"127\.0\.0\.1:9/a:b.*reached"),
    ):
        client.digest("a", "b")


def test_the_committed_file_can_be_pinned_and_holds_no_digest_that_nobody_asked_for() -> None:
    """Every table can be written alone; its registry is a key, never a host."""
    text = (ROOT / "tools" / "versions.toml").read_text("utf-8")
    for pin in pin_file.pins(text):
        changed = pin_file.written(text, pin_file.Asked(pin, "sha256:" + "0" * 64))
        assert len(changed.splitlines()) == len(text.splitlines())
        assert "." not in pin.registry
        assert "." not in str(pin.table.get("repository", "")).partition("/")[0]
    assert stacks_pins.VERSIONS == pins.VERSIONS
