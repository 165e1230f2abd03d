"""Whole-or-nothing files: a reader sees the old content or the new, never half. Knows no format."""

from __future__ import annotations

import os
from pathlib import Path


def write_atomically(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Replace `path` by `content` through a temporary file beside it.

    `durable` waits until the content is on the disk (survives a power cut, not only our death). Raises OSError, and
    then leaves the old file as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
