"""What a stack file says becomes settings, or sentences that name the key and the cure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.keys import all_keys, nearest
from stacks.parse import settings_of
from stacks.settings.cloud import VpnSku
from tests.stacks.builders import changed, only, refusals, stack


def test_an_object_sets_its_keys_and_leaves_the_rest_at_their_defaults() -> None:
    settings = stack("prod", vpn={"sku": "Basic"}, budget={"amount": 70})
    assert settings.vpn.sku is VpnSku.BASIC
    assert settings.budget.amount == 70
    assert settings.vpn.custom_policy is False


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"vpn": {"skuu": "Basic"}}, "vpn.skuu is no setting: did you mean vpn.sku?"),
        ({"vnp": {"sku": "Basic"}}, "vnp is no setting: did you mean vpn?"),
        ({"storage": {"privateEndPoint": True}}, "did you mean storage.privateEndpoint?"),
        ({"detectorReplicas": 2}, "detectorReplicas is no setting: did you mean services.detectorReplicas?"),
        ({"services": {"detector_replicas": 2}}, "did you mean services.detectorReplicas?"),
        ({"vpnPSK": "x"}, "vpnPSK is no setting: did you mean vpnPsk?"),
        ({"stack": "prod"}, "stack is no setting"),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_known_one(values: dict[str, Any], said: str) -> None:
    assert said in only(refusals(lambda: settings_of("prod", values)))


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"onPrem": {"address": "<setting:onPrem.address>"}}, "onPrem.address"),
        ({"alerts": {"contacts": ["<setting:alerts.contacts>"]}}, "alerts.contacts"),
    ],
)
def test_what_a_plan_shows_for_an_absent_setting_is_no_value(values: dict[str, Any], key: str) -> None:
    assert only(refusals(lambda: settings_of("prod", values))).startswith(f"{key} holds a plan's placeholder")


def test_a_flat_dotted_key_is_told_the_path() -> None:
    sentence = only(refusals(lambda: stack("prod", **{"vpn.sku": "Basic"})))
    assert sentence == (
        "spy-options:vpn.sku is one flat key with a dot, which nothing reads: remove it ('pulumi config rm vpn.sku') "
        "and set the path, 'pulumi config set --path vpn.sku VALUE'"
    )


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("vpn.sku", "Basi", "vpn.sku is 'Basi' and must be 'none', 'Basic' or 'VpnGw1AZ'"),
        ("images.backend", "v1.0", "images.backend is 'v1.0' and must be a digest (sha256: and 64 hexadecimal digits"),
        ("images.backend", "spy-backend:latest", "a tag can be moved"),
        ("signalr.capacity", 0, "signalr.capacity is 0 and must be at least 1"),
        ("services.backendReplicas", 10, "services.backendReplicas is 10 and must be at most 9"),
        ("services.botReplicas", 2, "services.botReplicas is 2 and must be at most 1"),
        ("network.appSubnet", "10.0.1.1/24", "network.appSubnet is '10.0.1.1/24' and does not fit"),
        ("storage", 7, "storage is 7 and must be an object"),
        ("alerts.contacts", "a@b.example", "alerts.contacts is 'a@b.example' and does not fit"),
        ("budget.startDate", "soon", "budget.startDate is 'soon' and does not fit"),
        ("vault.suffix", "UPPER", "vault.suffix is 'UPPER' and does not fit (Four letters or digits"),
        ("logs.dailyCapGb", 0, "logs.dailyCapGb is 0 and must be more than 0"),
    ],
)
def test_a_value_that_does_not_fit_is_told_by_key_and_cure(key: str, value: Any, said: str) -> None:
    sentence = only(refusals(lambda: stack("prod", **changed({}, key, value))))
    assert said in sentence
    assert f"pulumi config set --path {key}" in sentence.replace('"alerts.contacts[0]"', "alerts.contacts")


@pytest.mark.parametrize("key", ["cluster.context", "schedule.timeZone", "names.vault", "releases.grafanaNodePort"])
@pytest.mark.parametrize("value", ["x" * 100_000, ["x" * 100_000], {"x": "x" * 100_000}])
def test_a_value_of_any_length_is_refused_in_a_sentence_that_can_be_read(key: str, value: Any) -> None:
    sentences = refusals(lambda: settings_of("prod", changed({}, key, value)))
    assert key in sentences[0]
    assert max(map(len, sentences)) < 500


def test_a_secret_that_does_not_fit_is_not_shown() -> None:
    sentence = only(refusals(lambda: stack("prod", vpnPsk=["hunter2"])))
    assert "hunter2" not in sentence
    assert "pulumi config set --secret vpnPsk" in sentence


def test_a_stack_name_that_no_resource_could_bear_is_refused() -> None:
    assert "stack 'Prod-1' is no stack name" in only(refusals(lambda: stack("Prod-1")))


def test_every_problem_is_told_at_once() -> None:
    sentences = refusals(lambda: stack("prod", vpn={"skuu": 1, "sku": "Basi"}, nonsense=1, signalr={"capacity": 0}))
    assert len(sentences) == 4


def test_a_number_that_the_engine_made_of_a_string_is_the_string_again() -> None:
    assert stack("prod", vault={"suffix": 1234}).vault.suffix == "1234"


@given(st.sampled_from(sorted(all_keys())), st.data())
def test_a_key_with_one_wrong_letter_finds_its_way_back(key: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(key) - 1).filter(lambda at: key[at] != "."))
    misspelt = key[:place] + "#" + key[place + 1 :]
    assert _close(nearest(misspelt), key)


def _close(found: str, meant: str) -> bool:
    """The same key, or one that the misspelt letter cannot tell from it."""
    differing = sum(one != other for one, other in zip(found, meant, strict=False))
    return found == meant or (len(found) == len(meant) and differing <= 1)


@given(st.text(min_size=1).filter(lambda name: name not in {key.partition(".")[0] for key in all_keys()}))
def test_no_unknown_top_level_key_is_ever_accepted(name: str) -> None:
    assert only(refusals(lambda: settings_of("prod", {name: 1})))
