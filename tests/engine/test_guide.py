"""The commands of the guide are those of the pinned CLI: every subcommand and every flag."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.toolchain import pulumi_cli

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "infrastructure.md").read_text(encoding="utf-8").replace("\\\n", " ")
WRITTEN = re.findall(r"(?:`|^ *)(pulumi [a-z][^`\n]*)", GUIDE, re.MULTILINE)
COMMANDS = sorted({" ".join(found.split()) for found in WRITTEN})


@cache
def help_of(*subcommand: str) -> str:
    """What `pulumi SUBCOMMAND --help` prints; its usage line tells whether there is one of this name."""
    ran = subprocess.run([pulumi_cli(), *subcommand, "--help"], capture_output=True, text=True, check=False)
    return ran.stdout


def subcommand_of(command: str) -> tuple[str, ...]:
    """The longest run of words that the CLI knows as a subcommand."""
    words = re.findall(r"^pulumi((?: [a-z][a-z-]*)+)", command)[0].split()
    known = [tuple(words[:count]) for count in range(1, len(words) + 1) if is_known(tuple(words[:count]))]
    return known[-1] if known else ()


def is_known(words: tuple[str, ...]) -> bool:
    return re.search(rf"^ +pulumi {' '.join(words)}(?: |$)", help_of(*words), re.MULTILINE) is not None


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_guide_has_its_subcommand_and_flags_in_the_cli(command: str) -> None:
    subcommand = subcommand_of(command)
    assert subcommand, command
    flags = re.findall(r"(?<=\s)(--[a-z][a-z-]*|-[a-z])(?=[\s=]|$)", command)
    printed = help_of(*subcommand)
    assert [flag for flag in flags if not re.search(rf"(^|\s){flag}[\s,=]", printed)] == []


def test_the_guide_has_commands() -> None:
    assert {subcommand_of(command)[0] for command in COMMANDS} >= {"up", "preview", "destroy", "stack", "config"}
