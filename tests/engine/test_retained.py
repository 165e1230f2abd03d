"""What outlives its stack: named with the line that imports it, and taken back by these lines."""

from __future__ import annotations

import shlex

import pytest
from pulumi import automation

from infra.retained import Retained, missing_from_state, recovery
from tests.engine.conftest import Deployed
from tests.engine.language_host import listening
from tests.engine.stack import EngineStack


def missing(stack: EngineStack) -> list[Retained]:
    """As `spy` would ask: the state from the CLI, existence from the cloud."""
    return missing_from_state(stack.settings(), set(stack.resources()), stack.cloud.identifiers().__contains__)


def run(stack: EngineStack, line: str) -> None:
    """What an operator types. An `up` goes to the program in this process, and ends with an error."""
    program, command, *arguments = shlex.split(line)
    at = arguments.index("--stack")
    assert (program, arguments[at + 1]) == ("pulumi", stack.name)
    if command == "up":
        assert arguments == ["--stack", stack.name, "--continue-on-error"]
        with pytest.raises(automation.CommandError, match="already existing resource"):
            stack.up(continue_on_error=True)
        return
    with listening() as host:
        stack.command(command, *arguments[:at], *arguments[at + 2 :], variables={"PULUMI_DEBUG_LANGUAGES": host})


def test_nothing_is_missing_from_a_deployed_stack(deployed: Deployed) -> None:
    assert missing(deployed("prod")) == []


def test_what_a_destroyed_stack_leaves_is_named_and_comes_back_by_its_import_lines(copied: Deployed) -> None:
    stack = copied("prod")
    before = set(stack.resources())
    stack.command("state", "unprotect", "--all", "--yes")
    stack.destroy()
    left = {one for one in stack.cloud.identifiers() if "/providers/" in one}

    found = missing(stack)
    assert {one.id for one in found} == left
    assert all(one.id in one.sentence and f"pulumi import {one.type} {one.name} " in one.sentence for one in found)
    for line in recovery(found, set(stack.resources())):
        run(stack, line)
    stack.up()

    assert set(stack.resources()) == before
    assert missing(stack) == []
    stack.preview(expect_no_changes=True)


def test_an_up_that_meets_what_is_left_stops_and_the_import_lines_alone_repair_it(copied: Deployed) -> None:
    stack = copied("prod")
    vault = next(one for one in missing_from_state(stack.settings(), set(), lambda _: True) if one.name == "vault")
    stack.command("state", "delete", vault.urn, "--force", "--target-dependents", "--yes")
    with pytest.raises(automation.CommandError, match="already existing resource"):
        stack.up()
    for line in recovery(missing(stack), set(stack.resources())):
        assert line.startswith("pulumi import ")
        run(stack, line)
