"""Settings: what the stack file lacks, secrets included, and what in it comes to an end. Reads settings only."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from infra.doctor.finding import Finding, State, missing, ok, sentence
from stacks.checks import problems
from stacks.keys import how_to_set
from stacks.load import stack_names, with_others
from stacks.needs import missing as missing_sentences
from stacks.needs import needed
from stacks.settings import StackSettings

SOON_DAYS = 30
"""So long before its end a secret is to be renewed."""


def needs(settings: StackSettings) -> list[Finding]:
    """A finding for each setting, secret and digest that is needed before up and absent."""
    found = [
        missing(need.key, f"is not set, and the layer {need.layer} needs it, {need.why}", f"`{how_to_set(need.key)}`")
        if need.refuses
        else Finding(need.key, State.UNKNOWN, f"is not set: {need.why}", f"`{how_to_set(need.key)}`", elsewhere=True)
        for need in needed(settings)
    ]
    known = {need.sentence for need in needed(settings)}
    pins = [sentence("pins", one) for one in missing_sentences(settings) if one not in known]
    failing = [one for one in [*found, *pins] if one.fails]
    return [*found, *pins] if failing else [ok("settings", "nothing that is needed is absent"), *found]


def fits(settings: StackSettings, root: Path) -> list[Finding]:
    """A finding for each thing that does not go together, in this stack or with the other stacks of the folder."""
    own = f"{settings.stack}: "
    alone = [one.removeprefix(own) for one in problems([settings])]
    together = [one for one in problems(with_others(settings, root)) if not _is_of_one(one, root)]
    return [sentence("settings", one) for one in [*alone, *together]]


def _is_of_one(problem: str, root: Path) -> bool:
    """Whether a sentence is about one stack; those about several begin otherwise."""
    return problem.partition(": ")[0] in stack_names(root)


def ends(settings: StackSettings, today: date) -> list[Finding]:
    """Every secret whose end is recorded."""
    if not settings.forwards_logs:
        return []
    told, name = settings.logs.forwarder_expires, "log forwarder's secret"
    renew = f"`spy bootstrap {settings.stack} --apply --renew`, then an up of the releases."
    if not told:
        return [
            Finding(name, State.UNKNOWN, "logs.forwarderExpires is not recorded", f"`spy bootstrap {settings.stack}`.")
        ]
    try:
        left = (date.fromisoformat(told) - today).days
    except ValueError:
        return [missing(name, f"logs.forwarderExpires is {told!r}, which is no day", renew)]
    if left < 0:
        return [missing(name, f"ended on {told}: no log line has arrived since", renew)]
    if left <= SOON_DAYS:
        return [missing(name, f"ends in {left} days, on {told}", renew)]
    return [ok(name, f"good until {told}")]
