"""Folders a service keeps its files in: made and tried at the start, or refused with a sentence. Keeps no file."""

from __future__ import annotations

import os
from pathlib import Path

from apps.contracts.names import Env
from apps.service.run import CannotStart


def require_writable(data_dir: Path, *parts: str, key: str = Env.DATA_DIR) -> None:
    """Make `data_dir` and its sub-folders `parts`, write one empty file in each. Raises CannotStart naming `key`."""
    for folder in (data_dir, *(data_dir / part for part in parts)):
        probe = folder / f".writable.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError as error:
            where = "" if folder == data_dir else f": its folder {folder.name}"
            raise CannotStart(
                f"{key}={data_dir}{where} cannot be written ({error.strerror}). "
                f"Make it a folder that this user may write, or set {key} to another one."
            ) from error
