"""FileSystem: what a folder of this machine lies on, as the kernel and /etc/fstab say. Mounts nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MOUNTS = Path("/proc/self/mountinfo")
FSTAB = Path("/etc/fstab")

FORGETFUL = {"tmpfs", "ramfs", "devtmpfs"}
"""Kinds that lose everything when the machine restarts."""

DISTANT = {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs", "afs", "davfs"}
"""Kinds on another machine: locks and SQLite cannot rely on them, and a local volume says that it is here."""

OWNERLESS = {"vfat", "exfat", "ntfs", "ntfs3", "fuseblk", "msdos", "iso9660", "squashfs"}
"""Kinds that keep no owner, or take no file."""

GIBIBYTE = 1024**3


class FileSystemRefused(Exception):
    """A folder lies on nothing that volumes may lie on; the message is one sentence with the cure."""


@dataclass(frozen=True)
class FileSystem:
    """One mounted file system."""

    mount_point: PurePosixPath
    kind: str
    device: int
    free_bytes: int

    @property
    def is_system(self) -> bool:
        """Whether it is the one that the system itself lies on."""
        return self.mount_point == PurePosixPath("/")


def file_system_of(folder: Path) -> FileSystem:
    """The file system of a folder that is there. Raises FileSystemRefused where volumes would not last on it."""
    found = _holding(folder)
    if found.kind in FORGETFUL:
        raise FileSystemRefused(f"{folder} lies in memory ({found.kind}), which a restart empties: mount a disk there")
    if found.kind in DISTANT:
        raise FileSystemRefused(
            f"{folder} lies on another machine ({found.kind}), where a database's locks do not hold: mount a disk there"
        )
    if found.kind in OWNERLESS:
        raise FileSystemRefused(f"{folder} lies on {found.kind}, which keeps no owners: format a disk as ext4 or xfs")
    return found


def refuse_unmounted(folder: Path) -> None:
    """Raise FileSystemRefused where /etc/fstab says that this folder, or one above it, is a mount and it is none."""
    mounted = {point for point, _ in _mounts()}
    for point in _declared_mounts():
        if (folder == Path(point) or Path(point) in folder.parents) and point not in mounted:
            raise FileSystemRefused(
                f"{point} is to be mounted (it stands in /etc/fstab) and is not: 'sudo mount {point}', or everything "
                "would be written to the disk beneath"
            )


def _holding(folder: Path) -> FileSystem:
    real = PurePosixPath(os.path.realpath(folder))
    points = [(point, kind) for point, kind in _mounts() if point == real or point in real.parents]
    if not points:
        raise FileSystemRefused(f"nobody says what {folder} lies on: run this on the node, which must run Linux")
    deepest = max(len(point.parts) for point, _ in points)
    point, kind = [one for one in points if len(one[0].parts) == deepest][-1]  # the last is mounted on top
    space = os.statvfs(folder)
    if space.f_flag & os.ST_RDONLY:
        raise FileSystemRefused(f"{folder} lies on {point}, which is read-only: 'sudo mount -o remount,rw {point}'")
    return FileSystem(point, kind, folder.stat().st_dev, space.f_bavail * space.f_frsize)


def _mounts() -> Iterator[tuple[PurePosixPath, str]]:
    """Mount points and kinds, in the order of mounting (proc(5), mountinfo)."""
    try:
        lines = MOUNTS.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        before, _, after = line.partition(" - ")
        yield PurePosixPath(_plain(before.split()[4])), after.split()[0]


def _declared_mounts() -> Iterator[PurePosixPath]:
    """Mount points of /etc/fstab, those below the root."""
    try:
        lines = FSTAB.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        fields = line.split()
        if len(fields) > 1 and not line.lstrip().startswith("#") and len(PurePosixPath(fields[1]).parts) > 1:
            yield PurePosixPath(_plain(fields[1]))


def _plain(escaped: str) -> str:
    """A path without the octal escapes that both files write for blanks."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), escaped)
