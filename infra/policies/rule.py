"""Rule: a named validator, for one resource or for a whole stack. Says what is wrong and how it is put right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from infra.policies.exceptions import is_exempt
from infra.policies.subject import Subject, is_known

Check = Callable[[Subject], Iterator[str]]
StackCheck = Callable[[Sequence[Subject]], Iterator[str]]


@dataclass(frozen=True)
class Violation:
    """One broken rule. `urn` is empty where a whole stack breaks it."""

    rule: str
    urn: str
    message: str


@dataclass(frozen=True)
class Rule:
    """A rule about resources of some types; a type may hold `*`."""

    name: str
    says: str
    types: tuple[str, ...]
    check: Check

    def concerns(self, type_: str) -> bool:
        """Whether the rule looks at resources of this type."""
        return any(fnmatchcase(type_, pattern) for pattern in self.types)

    def violations(self, one: Subject) -> list[str]:
        """What is wrong with a resource, one sentence each; none for other types and for exceptions."""
        if not self.concerns(one.type) or is_exempt(self.name, one):
            return []
        return [f"{one.name}: {message}" for message in self.check(one)]


@dataclass(frozen=True)
class StackRule:
    """A rule about all resources of a stack together."""

    name: str
    says: str
    check: StackCheck

    def violations(self, all_: Sequence[Subject]) -> list[str]:
        """What is wrong with a stack, one sentence each."""
        return list(self.check(all_))


def rule(name: str, *types: str, says: str) -> Callable[[Check], Rule]:
    """Make a rule of a function that yields one sentence for each thing wrong with a resource."""
    return lambda check: Rule(name, says, types, check)


def stack_rule(name: str, *, says: str) -> Callable[[StackCheck], StackRule]:
    """Make a rule of a function that yields one sentence for each thing wrong with a stack."""
    return lambda check: StackRule(name, says, check)


def demand(one: Subject, path: str, *accepted: Any, cure: str) -> Iterator[str]:
    """A sentence when the value under `path` is known and none of those accepted."""
    value = one.get(path)
    if is_known(value) and value not in accepted:
        yield f"{path} is {shown(value)}: {cure}"


def shown(value: Any) -> str:
    """A value in a sentence."""
    return "not set" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
