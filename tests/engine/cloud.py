"""Cloud: what the stand-in providers keep in memory, their log of calls, and the faults a test plants. Opens no port.

Azure's own refusals are in tests/engine/azure_rules.py; ids and outputs come from infra/cloud_model.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from infra import cloud_model
from infra.cloud_model.paths import SUBSCRIPTION
from tests.engine import azure_rules
from tests.engine.azure_rules import Existing, Refused
from tests.engine.messages import Properties

GROUP = "azure-native:resources:ResourceGroup"
NAMESPACE = "kubernetes:core/v1:Namespace"


@dataclass(frozen=True)
class Call:
    """One call that changed or read the cloud; times in seconds of a monotonic clock."""

    action: str
    token: str
    identifier: str
    urn: str
    started: float
    ended: float


@dataclass
class _Fault:
    token: str
    creations_left: int
    message: str


@dataclass
class Cloud:
    """Everything that exists, for all providers and all stacks of a test.

    `seconds` makes a type slow. `cluster_down` makes every call to Kubernetes fail.
    """

    calls: list[Call] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    cluster_down: bool = False
    _existing: dict[str, Existing] = field(default_factory=dict)
    _soft_deleted: set[str] = field(default_factory=set)
    _busy: Counter[str] = field(default_factory=Counter)
    _faults: list[_Fault] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def bootstrap(self, stack: str) -> None:
        """What is there before a stack: the resource group that `spy bootstrap` makes, and a running cluster."""
        self.seed(GROUP, f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-spy-options-{stack}")
        self.seed(NAMESPACE, "kube-system")

    def seed(self, token: str, identifier: str) -> None:
        """Something that was there before any stack."""
        self._existing[_key(token, identifier)] = Existing(token, identifier, {}, cloud_model.read(token, identifier))

    def copy(self) -> Cloud:
        """A cloud in which the same exists, with no calls, faults or delays."""
        return Cloud(_existing=dict(self._existing), _soft_deleted=set(self._soft_deleted))

    def fail_creation(self, token: str, *, nth: int = 1, message: str = "the service is unavailable") -> None:
        """Refuse the nth creation of this type (`*`: of any) from now on, once."""
        self._faults.append(_Fault(token, nth, message))

    def forget_calls(self) -> None:
        """Empty the log, so that a test sees only what follows."""
        self.calls.clear()

    def changes(self) -> list[Call]:
        """The calls that changed something, in the order in which they ended."""
        return [call for call in self.calls if call.action != "read"]

    def of_type(self, token: str) -> list[Existing]:
        """What exists of one type."""
        return [thing for thing in self._existing.values() if thing.token == token]

    def identifiers(self) -> set[str]:
        """Ids of all that exists, each as `unique` has it."""
        return {unique(thing.token, thing.identifier) for thing in self._existing.values()}

    def create(self, token: str, urn: str, inputs: Properties) -> tuple[str, Properties]:
        """Make it; raises Refused as the service would."""
        identifier, outputs = cloud_model.created(token, _name(urn), inputs)
        with self._logged("create", token, identifier, urn), self._writing(token, identifier):
            self._meet_fault(token)
            with self._lock:
                azure_rules.refuse_creation(self._existing, self._soft_deleted, token, identifier, inputs)
            self._wait(token)
            with self._lock:
                self._existing[_key(token, identifier)] = Existing(token, identifier, inputs, outputs)
        return identifier, outputs

    def update(self, token: str, urn: str, identifier: str, inputs: Properties) -> Properties:
        """Change it in place; raises Refused when it is gone."""
        with self._logged("update", token, identifier, urn), self._writing(token, identifier):
            self._found(token, identifier)
            self._wait(token)
            _, outputs = cloud_model.created(token, _name(urn), inputs)
            with self._lock:
                self._existing[_key(token, identifier)] = Existing(token, identifier, inputs, outputs)
        return outputs

    def delete(self, token: str, urn: str, identifier: str) -> None:
        """Remove it and what lies under it; raises Refused while something else uses it. Gone already is no error."""
        with self._logged("delete", token, identifier, urn), self._writing(token, identifier):
            self._wait(token)
            with self._lock:
                azure_rules.refuse_deletion(self._existing, token, identifier)
                for key in [key for key in self._existing if _within(key, _key(token, identifier))]:
                    self._soft_deleted |= azure_rules.soft_deleted(self._existing.pop(key))

    def read(self, token: str, urn: str, identifier: str) -> Existing | None:
        """What exists under this id, or None."""
        with self._logged("read", token, identifier, urn), self._lock:
            found = self._existing.get(_key(token, identifier))
            return found and replace(found, inputs=azure_rules.told(found))

    def remove_behind_its_back(self, token: str, identifier: str) -> None:
        """Take something away without the engine's knowledge."""
        del self._existing[_key(token, identifier)]

    def cancel(self) -> None:
        """End every wait of this run."""
        self._cancelled.set()

    def begin_run(self) -> None:
        """Forget that an earlier run was cancelled."""
        self._cancelled.clear()

    def _found(self, token: str, identifier: str) -> Existing:
        with self._lock:
            found = self._existing.get(_key(token, identifier))
        if found is None:
            raise Refused(f"ResourceNotFound: {identifier} does not exist")
        return found

    def _reach(self, token: str) -> None:
        if self.cluster_down and token.startswith("kubernetes:"):
            raise Refused("the Kubernetes API server is unreachable: dial tcp: connection refused")

    def _wait(self, token: str) -> None:
        seconds = self.seconds.get(token, 0.0)
        if seconds and self._cancelled.wait(seconds):
            raise Refused("cancelled")

    def _meet_fault(self, token: str) -> None:
        with self._lock:
            for fault in [fault for fault in self._faults if fault.token in {token, "*"}]:
                fault.creations_left -= 1
                if not fault.creations_left:
                    self._faults.remove(fault)
                    raise Refused(fault.message)

    @contextmanager
    def _logged(self, action: str, token: str, identifier: str, urn: str) -> Iterator[None]:
        started = time.monotonic()
        self._reach(token)
        yield
        self.calls.append(Call(action, token, identifier, urn, started, time.monotonic()))

    @contextmanager
    def _writing(self, token: str, identifier: str) -> Iterator[None]:
        """Refuse a write while another one to the same parent goes on, for the types that Azure serialises.

        The write lasts `azure_rules.WRITE_SECONDS`, so that a second one that nothing orders after it meets it.
        """
        parent = azure_rules.written_one_by_one(token, identifier)
        if parent is None:
            yield
            return
        with self._lock:
            if self._busy[parent]:
                raise Refused(f"AnotherOperationInProgress: another operation on {parent} is in progress")
            self._busy[parent] += 1
        try:
            self._cancelled.wait(azure_rules.WRITE_SECONDS)
            yield
        finally:
            with self._lock:
                self._busy[parent] -= 1


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def unique(token: str, identifier: str) -> str:
    """An id that nothing else has: over Azure ids are unique, elsewhere only within their type."""
    return identifier if identifier.startswith("/") else f"{token}|{identifier}"


def _key(token: str, identifier: str) -> str:
    """Azure's ids ignore case."""
    return identifier.lower() if identifier.startswith("/") else unique(token, identifier)


def _within(key: str, parent: str) -> bool:
    return key == parent or key.startswith(f"{parent}/")
