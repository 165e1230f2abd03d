"""`spy cluster prepare` on real folders: found, made, made once, and refused where volumes would not last."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.cluster_prepare import command, file_system, folders
from infra.cluster_prepare.folders import FolderState, Found, commands, found, make, volumes
from stacks.load import load
from tests.infra.projects import project
from tests.small_disk import small_disk

VOLUMES = ("database", "logs", "cache")
SMALL = {"databaseGi": 1, "logsGi": 1, "cacheGi": 1}


@dataclass
class Node:
    """A machine with a root of volumes, and a stack that names it."""

    root: Path
    stack: str = "prod"

    def run(self, *arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, ["cluster", "prepare", self.stack, *arguments])
        return result.exit_code, result.stdout, result.stderr

    def told(self, *arguments: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.run(*arguments, "--json")[1])
        return answer

    def refusal(self, *arguments: str) -> str:
        """The one sentence with which it is refused, and nothing made."""
        code, _, err = self.run(*arguments)
        assert code == command.REFUSED
        assert len(err.splitlines()) == 1, err
        return err


Make = Callable[..., Node]


@pytest.fixture
def node_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A node whose root is a folder on a disk, owned by who runs the tests; values change the stack."""

    def made(root: Path | None = None, **values: Any) -> Node:
        root = root or tmp_path / "volumes"
        cluster = {"volumeRoot": str(root)}
        monkeypatch.setattr(command, "ROOT", project(tmp_path / "project", "prod", cluster=cluster, **values))
        return Node(root)

    monkeypatch.setattr(folders.found, "__defaults__", (os.getuid(),))
    monkeypatch.setattr(folders.make, "__defaults__", (os.getuid(),))
    monkeypatch.setattr(file_system, "MOUNTS", mounts(tmp_path / "mountinfo", ("/", "ext4")))
    monkeypatch.setattr(file_system, "FSTAB", tmp_path / "fstab")
    return made


def mounts(path: Path, *mounted: tuple[str, str]) -> Path:
    """A file as /proc/self/mountinfo is."""
    path.write_text("".join(f"20 1 8:1 / {at} rw,relatime shared:1 - {kind} /dev/x rw\n" for at, kind in mounted))
    return path


@pytest.fixture
def node(node_of: Make) -> Node:
    one = node_of(volumes=SMALL)
    one.root.mkdir()
    return one


def test_without_apply_nothing_is_made_and_what_is_missing_is_said(node: Node) -> None:
    code, out, _ = node.run()
    assert code == command.TO_DO
    assert out.count("is to be made") == 3
    assert not list(node.root.iterdir())


def test_apply_makes_each_folder_for_the_services_and_a_second_run_finds_them_ready(node: Node) -> None:
    assert node.run("--apply")[0] == command.READY
    for name in VOLUMES:
        seen = (node.root / name).stat()
        assert (stat.S_IMODE(seen.st_mode), seen.st_uid) == (0o750, os.getuid())
    before = {path: path.stat().st_mtime_ns for path in node.root.iterdir()}
    assert node.run("--apply")[0] == node.run()[0] == command.READY
    assert before == {path: path.stat().st_mtime_ns for path in node.root.iterdir()}
    assert [folder["state"] for folder in node.told()["folders"]] == ["ready"] * 3


def test_two_stacks_on_one_node_have_folders_of_their_own(tmp_path: Path) -> None:
    both = [volumes(load(stack, project(tmp_path / stack, stack))) for stack in ("dev", "prod")]
    assert not {volume.folder for volume in both[0]} & {volume.folder for volume in both[1]}
    assert [volume.gibibytes for volume in both[1]] == [10, 5, 2]


def test_a_run_that_was_cut_off_is_finished_by_the_next(node: Node) -> None:
    (node.root / ".logs.preparing").mkdir(mode=0o700)
    assert node.run("--apply")[0] == command.READY
    assert sorted(path.name for path in node.root.iterdir()) == sorted(VOLUMES)


@pytest.mark.parametrize("state", [FolderState.ABSENT, FolderState.OTHER_MODE])
def test_a_link_that_somebody_put_there_is_never_followed(node: Node, tmp_path: Path, state: FolderState) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o711)
    volume = volumes(load("prod", command.ROOT))[0]
    beside = volume.folder.with_name(f".{volume.name}.preparing")
    (beside if state is FolderState.ABSENT else volume.folder).symlink_to(theirs)
    with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
        make(Found(volume, state), os.getuid())
    assert stat.S_IMODE(theirs.stat().st_mode) == 0o711


def test_what_lies_where_a_folder_is_prepared_is_not_taken_for_our_own(node: Node) -> None:
    (node.root / ".logs.preparing").mkdir()
    (node.root / ".logs.preparing" / "theirs").touch()
    assert ".logs.preparing is not empty" in node.refusal("--apply")
    assert not (node.root / "logs").exists()


def test_a_folder_as_the_kubelet_leaves_it_for_the_pods_group_is_ready_and_stays_so(node: Node) -> None:
    node.run("--apply")
    for name in VOLUMES:
        (node.root / name).chmod(0o2770)
    assert node.run("--apply")[0] == command.READY
    assert {stat.S_IMODE((node.root / name).stat().st_mode) for name in VOLUMES} == {0o2770}


def test_data_of_somebody_else_in_a_folder_is_refused_with_the_command(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.run("--apply")
    (node.root / "database" / "inner").mkdir()
    data = node.root / "database" / "inner" / "restored.db"
    data.touch()
    (node.root / "database" / "lost+found").mkdir()
    own = Path.lstat
    others = {data, node.root / "database" / "lost+found"}

    def of_somebody_else(path: Path) -> Any:
        seen = own(path)
        return SimpleNamespace(st_uid=4711, st_blocks=0, st_mode=seen.st_mode) if path in others else seen

    monkeypatch.setattr(Path, "lstat", of_somebody_else)
    said = node.refusal()
    assert said.startswith(f"{data} is not of {os.getuid()}, as which the services run")
    assert f"sudo chown -R {os.getuid()}:{os.getuid()} {node.root / 'database'}" in said


def test_a_root_that_is_a_file_is_refused_as_what_it_is(node_of: Make, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is no folder (cluster.volumeRoot)" in node_of(tmp_path / "file").refusal("--apply")


def test_what_lies_in_a_folder_is_left_alone_and_only_the_mode_is_mended(node: Node) -> None:
    kept = node.root / "database" / "spool" / "one"
    kept.parent.mkdir(parents=True)
    kept.write_text("data")
    (node.root / "database").chmod(0o777)
    assert "mode is 0777, is to be 0750" in node.run()[1]
    assert node.run("--apply")[0] == command.READY
    assert kept.read_text() == "data"


def test_another_owner_is_refused_with_the_command_and_nothing_is_made(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    (node.root / "logs").mkdir(mode=0o750)
    monkeypatch.setattr(folders.found, "__defaults__", (os.getuid() + 1,))
    other = os.getuid() + 1
    said = node.refusal("--apply")
    assert f"{node.root}/logs belongs to {os.getuid()}:{os.getgid()} and must belong to {other}:{other}" in said
    assert f"sudo chown -R {other}:{other} {node.root}/logs" in said
    assert [path.name for path in node.root.iterdir()] == ["logs"]


def a_link(folder: Path) -> None:
    folder.symlink_to("/")


def a_file(folder: Path) -> None:
    folder.write_text("")


@pytest.mark.parametrize(("put", "said"), [(a_link, "is a link"), (a_file, "is no folder")])
def test_what_is_no_folder_is_refused(node: Node, put: Callable[[Path], None], said: str) -> None:
    put(node.root / "cache")
    assert said in node.refusal("--apply")


def test_a_missing_root_is_refused_with_both_ways_to_have_one(node_of: Make) -> None:
    node = node_of(volumes=SMALL)
    said = node.refusal("--apply")
    assert f"{node.root} is not there (cluster.volumeRoot): mount the volumes' disk at it" in said
    assert f"sudo mkdir -p {node.root}" in said
    assert not node.root.exists()


def test_a_disk_that_is_to_be_mounted_and_is_not_is_refused_before_the_disk_beneath_is_written(node: Node) -> None:
    file_system.FSTAB.write_text(f"# disks\nUUID=1 / ext4 defaults 0 1\nUUID=2 {node.root} ext4 defaults 0 2\n")
    assert f"sudo mount {node.root}" in node.refusal("--apply")
    assert not list(node.root.iterdir())
    mounts(file_system.MOUNTS, ("/", "ext4"), (str(node.root), "xfs"))
    assert node.run("--apply")[0] == command.READY


@pytest.mark.parametrize(
    ("kind", "said"),
    [("nfs4", "lies on another machine"), ("vfat", "keeps no owners"), ("tmpfs", "lies in memory")],
)
def test_a_file_system_that_volumes_would_not_last_on_is_refused(node: Node, kind: str, said: str) -> None:
    mounts(file_system.MOUNTS, ("/", "ext4"), (str(node.root), kind))
    assert said in node.refusal("--apply")


def test_a_real_mount_in_memory_is_seen_through_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node_of: Make
) -> None:
    monkeypatch.setattr(file_system, "MOUNTS", Path("/proc/self/mountinfo"))
    with small_disk(tmp_path / "memory", megabytes=4) as root:
        assert f"{root} lies in memory (tmpfs)" in node_of(root, volumes=SMALL).refusal()


def test_a_disk_that_is_mounted_read_only_is_refused_before_anything_is_tried(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_only = SimpleNamespace(f_flag=os.ST_RDONLY, f_bavail=10**9, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda _: read_only)
    assert "which is read-only: 'sudo mount -o remount,rw /'" in node.refusal()


def test_a_disk_without_room_for_the_volumes_is_refused_by_figures(node_of: Make) -> None:
    node = node_of(volumes={**SMALL, "databaseGi": 10_000})
    node.root.mkdir()
    said = node.refusal("--apply")
    assert "GiB free and may have to take 10002.0 (database 10000 GiB, logs 1 GiB, cache 1 GiB)" in said


def test_what_a_volume_already_takes_is_not_asked_for_again(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    assert node.run("--apply")[0] == command.READY
    almost = os.statvfs(node.root)
    free = (3 * file_system.GIBIBYTE - 50_000) // almost.f_frsize
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=0, f_bavail=free, f_frsize=almost.f_frsize))
    assert "may have to take 3.0" in node.refusal()
    (node.root / "database" / "spool").write_bytes(b"x" * 100_000)
    assert node.run()[0] == command.READY


def test_without_the_right_the_folder_is_named_with_both_ways(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    assert f"{node.root}/database takes root to be made: run this with sudo" in node.refusal("--apply")


def test_the_commands_for_another_machine_make_the_same_folders(node: Node, tmp_path: Path) -> None:
    code, out, _ = node.run("--remote")
    assert code == command.READY
    assert f"install -d -o 1000 -g 1000 -m 0750 {node.root}/database {node.root}/logs {node.root}/cache" in out
    assert not list(node.root.iterdir())
    assert node.told("--remote")["commands"] == commands(volumes(load("prod", command.ROOT)), node.root)


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a folder to user 1000")
def test_the_commands_really_make_what_the_check_finds_ready(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    install = next(line for line in node.told("--remote")["commands"] if "install" in line)
    subprocess.run(shlex.split(install)[1:], check=True)
    monkeypatch.setattr(folders.found, "__defaults__", (folders.OWNER,))
    assert {found(volume).state for volume in volumes(load("prod", command.ROOT))} == {FolderState.READY}


def test_a_stack_without_cluster_has_nothing_to_prepare(node_of: Make) -> None:
    assert "prod has no cluster" in node_of(layers=["cloud", "images"]).refusal()
    assert "choose one of prod" in Node(Path("/"), "staging").refusal()
