"""Store: the golden plans under stacks/plan/STACK/. Reads and writes these files and nothing else."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "stacks" / "plan"


def committed(stack: str, folder: Path | None = None) -> dict[str, str]:
    """Documents of a stack by name; empty where none were written yet. `folder`: instead of stacks/plan.

    Bytes that are no text are replaced, so that such a document is no plan and equals none.
    """
    files = sorted(((folder or FOLDER) / stack).glob("*.yaml"))
    return {path.stem: path.read_text(encoding="utf-8", errors="replace") for path in files}


def write(stack: str, documents: dict[str, str], folder: Path | None = None) -> None:
    """Make the files be these documents; a layer that is no more loses its file."""
    place = (folder or FOLDER) / stack
    place.mkdir(parents=True, exist_ok=True)
    for path in place.glob("*.yaml"):
        if path.stem not in documents:
            path.unlink()
    for name, text in documents.items():
        (place / f"{name}.yaml").write_text(text, encoding="utf-8")
