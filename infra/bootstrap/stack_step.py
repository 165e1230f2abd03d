"""Stack step: the stack in the state, with the key of its secrets. Decrypts nothing."""

from __future__ import annotations

from dataclasses import dataclass

from infra.bootstrap.arm import Arm
from infra.bootstrap.foundation import STORAGE
from infra.bootstrap.place import Place
from infra.bootstrap.pulumi_cli import GRANT_SECONDS, NoRightYet, Pulumi
from infra.bootstrap.step import THERE, Finding, Standing

NO_KEY = "it is in the state, and the stack file here does not name the key of its secrets"


@dataclass(frozen=True)
class StackStep:
    """`pulumi stack init` with the key; a stack without its key in the file is given it."""

    arm: Arm
    place: Place
    pulumi: Pulumi
    name: str = "stack"
    patience_seconds: float = GRANT_SECONDS

    @property
    def title(self) -> str:
        """The stack and where its state is."""
        return f"stack {self.place.settings.stack} in {self.place.backend}"

    def look(self) -> Finding:
        """By the backend's list, once there is a container; and by the stack file."""
        if self.arm.get(self.place.state_container, STORAGE, "the container of the state") is None:
            return Finding(Standing.MISSING)
        try:
            if not self.pulumi.has_stack():
                return Finding(Standing.MISSING)
        except NoRightYet as refused:
            return Finding(Standing.MISSING, str(refused))
        return THERE if self.pulumi.has_key() else Finding(Standing.DIFFERS, NO_KEY)

    def make(self) -> None:
        """Init, or give it its key."""
        if self.look().standing is Standing.DIFFERS:
            self.pulumi.take_key()
        else:
            self.pulumi.init()
