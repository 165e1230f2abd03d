"""Secrets: they enter as secrets, stay hidden in what is recorded, and no function that lists keys is called."""

from __future__ import annotations

from typing import Any

import pulumi
from pydantic import SecretStr

from infra.component import Component
from infra.plan import Secret, record
from infra.sensitive import secret
from stacks.settings import StackSettings
from tests.infra.recording import recorded


class Holder(Component):
    """A component whose output is made of a secret."""

    TOKEN = "spy:test:Holder"
    text: pulumi.Output[str]

    def __init__(self, name: str, value: SecretStr) -> None:
        super().__init__(name)
        self.text = pulumi.Output.concat("key=", secret(value))
        self.register()


def test_what_is_made_of_a_secret_is_secret_too() -> None:
    def program(settings: StackSettings) -> dict[str, Any]:
        return {"made": Holder("holder", settings.vpn_psk).text}

    plan = record(StackSettings(stack="dev", vpn_psk=SecretStr("open sesame")), program=program)
    (outputs,) = plan.component_outputs.values()
    assert outputs["text"] == plan.outputs["made"] == Secret("key=open sesame")


def test_the_program_lists_no_keys() -> None:
    settings = StackSettings.model_validate({"stack": "prod", "cluster": {"identity": "keys"}})
    assert [call.token for call in recorded(settings, preview=False).invocations] == []
