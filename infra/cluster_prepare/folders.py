"""Folders: where a stack's volumes lie on a node, how they are found and made. Never deletes one."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from infra.cluster_prepare.file_system import GIBIBYTE, FileSystemRefused, file_system_of, refuse_unmounted
from stacks.naming import VOLUMES, Names
from stacks.settings import StackSettings

OWNER = 1000
"""User and group that the services run as in their images."""

MODE = 0o750
MOUNTED_MODE = 0o2770
"""What the kubelet makes of MODE at the first mount, for the group of the pods (fsGroup); it stays so."""


class FolderState(StrEnum):
    """How a folder was found."""

    READY = "ready"
    ABSENT = "absent"
    OTHER_MODE = "other mode"
    REFUSED = "refused"


@dataclass(frozen=True)
class Volume:
    """A volume on the node: its folder, and the size that the cluster is told."""

    name: str
    folder: Path
    gibibytes: int


@dataclass(frozen=True)
class Found:
    """A volume's folder as it is, and what is done about it; of a refused one `says` is the sentence."""

    volume: Volume
    state: FolderState
    says: str = ""


def volumes(settings: StackSettings) -> list[Volume]:
    """The volumes of a stack, each in a folder of its own."""
    names = Names(settings)
    sizes = settings.volumes
    return [Volume(name, Path(names.host_folder(name)), getattr(sizes, f"{name}_gi")) for name in VOLUMES]


def refusals(root: Path, seen: Sequence[Found]) -> list[str]:
    """A sentence for each thing that is wrong with the root and the folders in it; empty when they will do."""
    try:
        refuse_unmounted(root)
        if root.exists() and not root.is_dir():
            return [f"{root} is no folder (cluster.volumeRoot): move it away, or name another"]
        if not root.is_dir():
            return [
                f"{root} is not there (cluster.volumeRoot): mount the volumes' disk at it, or, to have them on the "
                f"system's disk, 'sudo mkdir -p {root}'"
            ]
        file_system_of(root)
        wrong = [one.says for one in seen if one.state is FolderState.REFUSED]
        return wrong or list(_too_small(root, [one.volume for one in seen]))
    except FileSystemRefused as refused:
        return [str(refused)]


def _too_small(root: Path, wanted: Sequence[Volume]) -> Iterator[str]:
    """A sentence for each file system with less room than its volumes may still take. Local volumes enforce no size."""
    by_device: dict[int, list[Volume]] = defaultdict(list)
    for volume in wanted:
        by_device[_nearest(volume.folder, root).stat().st_dev].append(volume)
    for together in by_device.values():
        system = file_system_of(_nearest(together[0].folder, root))
        still = sum(max(0, volume.gibibytes * GIBIBYTE - used_bytes(volume.folder)) for volume in together)
        if system.free_bytes < still:
            named = ", ".join(f"{volume.name} {volume.gibibytes} GiB" for volume in together)
            yield (
                f"{system.mount_point} has {system.free_bytes / GIBIBYTE:.1f} GiB free and may have to take "
                f"{still / GIBIBYTE:.1f} ({named}): make room, mount a larger disk at {root}, or lower the sizes "
                "(volumes.*Gi)"
            )


def _nearest(folder: Path, root: Path) -> Path:
    """The folder itself if it is there (it may be a mount of its own), else the one it will be made in."""
    return folder if folder.is_dir() else root


def used_bytes(folder: Path) -> int:
    """Bytes on the disk that files below a folder take. What may not be looked into, or goes meanwhile, is nothing."""
    taken = 0
    for at, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                taken += (Path(at) / name).lstat().st_blocks * 512
    return taken


def found(volume: Volume, owner: int = OWNER) -> Found:
    """How a volume's folder is: never through a link, whose target could be anything."""
    folder = volume.folder
    try:
        seen = folder.lstat()
    except FileNotFoundError:
        return Found(volume, FolderState.ABSENT)
    except OSError as error:
        return Found(volume, FolderState.REFUSED, f"{folder} cannot be looked at, {error.strerror}: run this with sudo")
    if not stat.S_ISDIR(seen.st_mode):
        what = "a link" if stat.S_ISLNK(seen.st_mode) else "no folder"
        return Found(volume, FolderState.REFUSED, f"{folder} is {what}: move it away, a folder belongs there")
    if (seen.st_uid, seen.st_gid) != (owner, owner):
        return Found(
            volume,
            FolderState.REFUSED,
            f"{folder} belongs to {seen.st_uid}:{seen.st_gid} and must belong to {owner}:{owner}, as which the "
            f"services run: look whose data it is, then 'sudo chown -R {owner}:{owner} {folder}'",
        )
    if strange := _not_of(owner, folder):
        return Found(
            volume,
            FolderState.REFUSED,
            f"{strange} is not of {owner}, as which the services run and could not write it: look whose data it is, "
            f"then 'sudo chown -R {owner}:{owner} {folder}'",
        )
    mode = stat.S_IMODE(seen.st_mode)
    ready = mode in {MODE, MOUNTED_MODE}
    return Found(volume, FolderState.READY if ready else FolderState.OTHER_MODE, f"mode is {mode:04o}")


def _not_of(owner: int, folder: Path) -> Path | None:
    """The first that lies in a folder and is somebody else's, such as data that root restored; None without one.

    What may not be looked into is passed over, and so is what a disk of its own has at its root.
    """
    for at, folders, names in os.walk(folder):
        if Path(at) == folder and "lost+found" in folders:
            folders.remove("lost+found")
        for name in [*folders, *names]:
            with contextlib.suppress(FileNotFoundError):
                if (Path(at) / name).lstat().st_uid != owner:
                    return Path(at) / name
    return None


def make(wanted: Found, owner: int = OWNER) -> None:
    """Make the folder, or give it its mode. It appears whole by one rename. Raises OSError.

    Root does this where others may write too, so what is changed is what was opened and no link to something else.
    """
    folder = wanted.volume.folder
    if wanted.state is FolderState.OTHER_MODE:
        with _opened(folder) as opened:
            os.fchmod(opened, MODE)
    elif wanted.state is FolderState.ABSENT:
        beside = folder.with_name(f".{folder.name}.preparing")  # left by a run that was cut off, taken up by the next
        with contextlib.suppress(FileExistsError):
            beside.mkdir()
        with _opened(beside) as opened:
            if os.listdir(opened):  # noqa: PTH208  (what was opened, whatever its path leads to by now)
                raise OSError(errno.ENOTEMPTY, f"{beside} is not empty")
            os.fchown(opened, owner, owner)
            os.fchmod(opened, MODE)
        beside.rename(folder)


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """A folder opened as itself. Raises OSError for a link and for what is no folder."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield opened
    finally:
        os.close(opened)


def commands(wanted: Sequence[Volume], root: Path) -> list[str]:
    """What a person types on a node that this command does not run on; each may be repeated."""
    folders = " ".join(str(volume.folder) for volume in wanted)
    return [
        f"findmnt --target {root} --output TARGET,FSTYPE,AVAIL   # ext4 or xfs, with room for "
        f"{sum(volume.gibibytes for volume in wanted)} GiB",
        f"sudo install -d -o {OWNER} -g {OWNER} -m {MODE:04o} {folders}",
        f"stat -c '%U %G %a %n' {folders}",
    ]
