"""The program's settings under the real engine: the same as a plan's, or refused before any resource."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation
from pydantic import SecretStr

from infra import configuration
from stacks.load import load
from stacks.settings import StackSettings
from tests.engine.cloud import Cloud
from tests.engine.stack import EngineStack, Values
from tests.engine.values import CLUSTER_UID, SECRETS, deployable
from tests.stacks.builders import GUID

COMPLETE = deployable("prod")
"""What makes the committed files complete, with the secrets that every preview is given."""

Previewed = Callable[..., StackSettings]


class ReadingStack(EngineStack):
    """A stack whose program does nothing but read its settings."""

    def program(self) -> None:
        self.read = configuration.settings(self.folder)


@pytest.fixture
def previewed(tmp_path: Path) -> Previewed:
    """Previews such a stack and gives the settings that its program read."""

    def preview(stack: str, values: Values, secrets: Mapping[str, str] = SECRETS) -> StackSettings:
        reading = ReadingStack(stack, tmp_path, Cloud(), values=values, secrets=secrets)
        reading.preview()
        return reading.read

    return preview


SECRET_FIELDS = [name for name, field in StackSettings.model_fields.items() if field.annotation is SecretStr]


def without_secrets(settings: StackSettings) -> StackSettings:
    """Settings with their secrets emptied: whoever only reads the file knows that there are some, not which."""
    return settings.model_copy(update=dict.fromkeys(SECRET_FIELDS, SecretStr("")))


def refused(previewed: Previewed, *arguments: Any) -> str:
    """What the engine prints when the program ends before any resource."""
    with pytest.raises(automation.CommandError) as failed:
        previewed(*arguments)
    printed = str(failed.value)
    assert "Traceback" not in printed.partition("stderr")[0]
    assert set(re.findall(r"^ *\+ +(\S+:\S+) \S+ create", printed, re.MULTILINE)) == {"pulumi:pulumi:Stack"}
    return printed


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_engine_gives_the_program_what_a_plan_is_made_of(previewed: Previewed, stack: str, tmp_path: Path) -> None:
    given = previewed(stack, COMPLETE)
    assert without_secrets(given) == without_secrets(load(stack, tmp_path))
    assert given.vpn_psk.get_secret_value() == SECRETS["vpnPsk"], "decrypted"
    assert set(SECRETS.values()) <= {getattr(given, name).get_secret_value() for name in SECRET_FIELDS}


def test_keys_that_nothing_reads_end_the_program_before_any_resource(previewed: Previewed) -> None:
    printed = refused(previewed, "prod", {**COMPLETE, "vpn.sku": "none", "nonsense": 3, "vpn": {"skuu": "Basic"}})
    assert "spy-options:vpn.sku is one flat key with a dot" in printed
    assert "nonsense is no setting: did you mean" in printed
    assert "vpn.skuu is no setting: did you mean vpn.sku?" in printed


def test_configuration_of_default_providers_is_refused_because_there_are_none(previewed: Previewed) -> None:
    printed = refused(previewed, "prod", {**COMPLETE, "azure-native:location": "westeurope"})
    assert "azure-native:location is read by nothing" in printed


def test_a_tag_in_a_digest_s_place_ends_the_program_before_any_resource(previewed: Previewed) -> None:
    printed = refused(previewed, "prod", {**COMPLETE, "images": {"backend": "v1.0"}})
    assert "images.backend is 'v1.0' and must be a digest" in printed


def test_what_does_not_go_together_ends_the_program_before_any_resource(previewed: Previewed, tmp_path: Path) -> None:
    """Every problem of every stack at once, each a sentence with its key and its cure."""
    shared = {"cluster": {"uid": CLUSTER_UID}, "names": {"namespace": "spy-options-bot"}}
    ReadingStack("dev", tmp_path, Cloud(), values=shared)
    wrong = {
        "vpn": {"sku": "Basic", "customPolicy": True},
        "network": {"appSubnet": "10.0.2.0/25"},
        "names": {"storage": "stspyoptionsdev", "registry": "acr-spy"},
        "budget": {"amount": 53},
    }
    printed = refused(previewed, "prod", {**COMPLETE, **wrong})
    for said in (
        "prod: vpn.customPolicy is true and the SKU Basic takes no IPsec policy: set vpn.sku to VpnGw1AZ",
        "prod: network.appSubnet 10.0.2.0/25 overlaps network.containerSubnet 10.0.2.0/24: give one of them another",
        "prod: container registry 'acr-spy' has 7 characters and must have 5 to 50, letters and digits only: set names",
        "dev and prod both have names.storage 'stspyoptionsdev': give one of them another",
        f"dev and prod share cluster.uid {CLUSTER_UID} and the namespace spy-options-bot: set names.namespace in one "
        "of them",
        "prod: budget.amount is 53 USD and the stack declares",
    ):
        assert said in printed


def test_what_committed_files_leave_empty_ends_the_program_before_any_resource(previewed: Previewed) -> None:
    printed = refused(previewed, "prod", {}, {})
    for key in ("azure.subscriptionId", "azure.tenantId", "azure.apiAudience", "alerts.contacts", "cluster.uid"):
        assert f"{key} is empty and the layer" in printed
    assert "images.backend is unresolved and the layer images needs it" in printed
    assert "onPrem.address is empty" not in printed, "there is a gateway without connection then"


def test_a_missing_secret_of_an_included_layer_is_told(previewed: Previewed) -> None:
    keys = {"cluster": {**COMPLETE["cluster"], "identity": "keys"}}
    opened = {"storage": {"sharedKey": True}, "signalr": {"localAuth": True}}
    printed = refused(previewed, "prod", {**COMPLETE, **keys, **opened})
    assert "storageConnectionString is empty and the layer cluster needs it" in printed
    assert "signalrConnectionString is empty and the layer cluster needs it" in printed


def test_a_secret_inside_an_object_is_refused_because_it_would_hide_the_whole_object(previewed: Previewed) -> None:
    printed = refused(previewed, "prod", COMPLETE, {**SECRETS, "azure.tenantId": GUID})
    assert "azure holds an encrypted value and is no secret setting: set it without --secret" in printed


def test_the_engine_itself_refuses_a_value_of_another_type(previewed: Previewed) -> None:
    with pytest.raises(automation.CommandError, match=r"'budget.amount' must be of type 'integer'"):
        previewed("prod", {**COMPLETE, "budget": {"amount": 70.5}})
