"""Report: what bootstrap found and made, on a terminal or as JSON. Prints no secret: no outcome holds one."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from infra.bootstrap.advice import Advice
from infra.bootstrap.step import Outcome, Standing

MARKS = {Standing.THERE: "=", Standing.MISSING: "+", Standing.DIFFERS: "~", Standing.LATER: ">"}


def line(outcome: Outcome) -> str:
    """One step: its mark, what it is, what was found, what was done."""
    if outcome.was_made:
        mark, words = MARKS[outcome.found.standing], outcome.found.words
        return f"{mark} {outcome.title}: " + (
            "made" if outcome.found.standing is Standing.MISSING else f"corrected{_words(words)}"
        )
    return f"{MARKS[outcome.left.standing]} {outcome.title}: {outcome.left.standing}{_words(outcome.left.words)}"


def _words(words: str) -> str:
    return f" ({words})" if words else ""


def as_object(stack: str, outcomes: list[Outcome], advice: Advice | None = None) -> dict[str, Any]:
    """The whole answer for scripts."""
    answer: dict[str, Any] = {
        "stack": stack,
        "steps": [
            {
                "name": one.name,
                "title": one.title,
                "standing": one.left.standing,
                "words": one.left.words or one.found.words,
                "made": one.was_made,
            }
            for one in outcomes
        ],
        "toDo": sum(one.left.to_do for one in outcomes),
    }
    if advice is not None:
        answer |= {"settings": advice.settings, "variables": advice.variables, "next": advice.order}
    return answer


def print_advice(console: Console, advice: Advice) -> None:
    """What to do next."""
    if advice.settings:
        console.print("\nTo be put into the stack file, after the `pulumi login` below:")
        for command in advice.commands:
            console.print(f"  {command}")
    console.print("\nVariables of the repository's environments (none is a secret):")
    for name, value in advice.variables.items():
        console.print(f"  {name} = {value}")
    console.print("\nThen, in this order:")
    for number, what in enumerate(advice.order, 1):
        console.print(f"  {number}. {what}")


def print_sum(console: Console, outcomes: list[Outcome], *, apply: bool) -> None:
    """How much there is, was made, is to do."""
    made, to_do = sum(one.was_made for one in outcomes), sum(one.left.to_do for one in outcomes)
    if apply:
        console.print(f"\n{len(outcomes)} steps, {made} made or corrected.")
    elif to_do:
        console.print(f"\n{len(outcomes)} steps, {to_do} to do: nothing was written; --apply does it.")
    else:
        console.print(f"\n{len(outcomes)} steps, nothing to do.")
