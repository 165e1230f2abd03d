"""Registry password: made by Azure's management for the token that the program declares, and put into the stack file.

The program cannot make it and lists no keys. It goes through Pulumi's standard input; nothing prints or returns it.
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.bootstrap.arm import Arm
from infra.bootstrap.place import Place
from infra.bootstrap.pulumi_cli import Pulumi
from infra.bootstrap.refusal import Refused
from infra.bootstrap.step import THERE, Finding, Standing

REGISTRIES = "2023-07-01"
PASSWORD = "password1"  # noqa: S105  (which of a token's two)
SECRET = "registryPassword"  # noqa: S105  (the setting's name)


@dataclass(frozen=True)
class RegistryPasswordStep:
    """The password by which the cluster pulls; made once, after the layer cloud has made registry and token."""

    arm: Arm
    place: Place
    pulumi: Pulumi
    name: str = "registry-password"

    @property
    def title(self) -> str:
        """Whose password."""
        return f"password of the registry's token {self.place.names.registry_token}"

    def look(self) -> Finding:
        """Whether the stack file has it; later while there is no token."""
        if self.pulumi.settings().registry_password.get_secret_value():
            return THERE
        if self.arm.get(self.place.registry_token, REGISTRIES, "the registry's token") is None:
            return Finding(Standing.LATER, "after the layer cloud, which makes the registry and its token")
        return Finding(Standing.MISSING)

    def make(self) -> None:
        """Generate it and put it into the stack file. The one before stops working at once."""
        asked = {"tokenId": self.place.registry_token, "name": PASSWORD}
        path = f"{self.place.registry}/generateCredentials"
        made = self.arm.post(path, REGISTRIES, asked, f"make the {self.title}")
        values = [one["value"] for one in made.get("passwords", []) if one.get("name") == PASSWORD and one.get("value")]
        if not values:
            raise Refused(f"Azure made no {self.title}: run this again")
        self.pulumi.set_secret(SECRET, values[0])
