"""Checks of what a stack puts into its cluster: times, addresses, names, each refused in one sentence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.checks import problems
from stacks.checks.schedule import FIELDS, cron_fault, is_time_zone
from stacks.load import for_plan
from tests.stacks.builders import GUID, only, stack


def said_of(values: dict[str, Any]) -> str:
    """The one sentence about a prod with these keys."""
    return only(problems([stack("prod", **values)]))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"schedule": {"timeZone": "New York"}}, "schedule.timeZone 'New York' is no time zone: give a name of the tz"),
        ({"schedule": {"timeZone": "America/Gotham"}}, "schedule.timeZone 'America/Gotham' is no time zone"),
        ({"schedule": {"timeZone": "Local"}}, "schedule.timeZone 'Local' is no time zone"),
        ({"schedule": {"stop": "60 18 * * 5"}}, "schedule.stop '60 18 * * 5' is no cron line, '60' is no minute (0 to"),
        ({"schedule": {"stop": "0 18 * * 7"}}, "'7' is no weekday (0 to 6): write it as '0 18 * * 5'"),
        ({"schedule": {"start": "0 8 * * MO"}}, "schedule.start '0 8 * * MO' is no cron line, 'MO' is no weekday"),
        ({"schedule": {"start": "0 18 * * 5"}}, "schedule.stop and schedule.start are both '0 18 * * 5'"),
        ({"upstream": {"github": "https://x.example.org"}}, "upstream.github 'https://x.example.org' is no host: give"),
        (
            {"upstream": {"charts": "http://x.example.org"}},
            "upstream.charts 'http://x.example.org' is no https address",
        ),
        ({"upstream": {"charts": "x.example.org/charts"}}, "is no https address: give that of the chart repository"),
        ({"upstream": {"charts": "https://[::1"}}, "is no https address: give that of the chart repository"),
        ({"cluster": {"volumeNode": "Node 1"}}, "cluster.volumeNode 'Node 1' is no node: give its label"),
        (
            {"gateway": {"storageClass": "Fast Disk"}},
            "gateway.storageClass 'Fast Disk' is no storage class: give a name",
        ),
        ({"releases": {"storageClass": "${x}"}}, "releases.storageClass '${x}' is no storage class: give a name that"),
        ({"gateway": {"secondFactor": "Phone\nA=b"}}, "gateway.secondFactor 'Phone\\nA=b' is no name of one line"),
        ({"logs": {"forwarderExpires": "20270131"}}, "logs.forwarderExpires '20270131' is no day: write it as YYYY-MM"),
        ({"logs": {"forwarderExpires": "2027-02-30"}}, "logs.forwarderExpires '2027-02-30' is no day"),
        ({"logs": {"forwarderId": "fluent-bit"}}, "logs.forwarderId 'fluent-bit' is no GUID"),
        (
            {"services": {"dataLines": 2_000, "linesPerSymbol": 1_500}},
            "services.linesPerSymbol and services.reservedLines are 1520 together and a detector takes 1000",
        ),
    ],
)
def test_what_the_cluster_would_refuse_is_one_sentence_with_key_and_cure(values: dict[str, Any], said: str) -> None:
    assert said in said_of(values)


def test_services_without_azure_cannot_sign_in_as_its_identities() -> None:
    local = {
        "layers": ["images", "cluster"],
        "registry": {"mode": "shared", "host": "localhost:5000"},
        "services": {"store": "sqlite", "hub": "embedded", "backendReplicas": 1},
    }
    assert only(problems([stack("local", **local)])) == (
        "local: cluster.identity is federated and the layer cloud, whose identities it signs in as, is left out: set "
        "cluster.identity to keys"
    )


@pytest.mark.parametrize(
    "values",
    [
        {"schedule": {"timeZone": "Europe/Paris", "stop": "0 23 * * FRI", "start": "30 14 * * mon"}},
        {"schedule": {"enabled": False, "timeZone": "nowhere at all", "stop": "0 18 * * 9"}},
        {"upstream": {"github": "registry.example.org:5000", "charts": "https://charts.example.org/stack"}},
        {"cluster": {"volumeNode": "node-1.home"}},
        {"logs": {"forwarderId": GUID, "forwarderExpires": "2027-01-31"}},
    ],
)
def test_what_the_cluster_takes_is_let_through(values: dict[str, Any]) -> None:
    assert problems([stack("prod", **values)]) == []
    assert problems([for_plan(stack("prod", **values))]) == []


def test_a_stack_without_a_cluster_is_not_asked_about_one() -> None:
    values = {"layers": ["cloud", "images"], "schedule": {"timeZone": "nowhere"}, "upstream": {"github": "a b"}}
    assert problems([stack("prod", **values)]) == []


@given(st.tuples(*(st.integers(field.first, field.last) for field in FIELDS)), st.integers(1, 99))
def test_every_number_in_its_bounds_makes_a_cron_line(numbers: tuple[int, ...], step: int) -> None:
    assert cron_fault(" ".join(map(str, numbers))) == ""
    assert cron_fault(" ".join(f"{number}-{number}/{step}" for number in numbers)) == ""
    assert cron_fault(" ".join(f"*/{step},{number}" for number in numbers)) == ""


@given(st.sampled_from(range(len(FIELDS))), st.data())
def test_one_number_out_of_its_bounds_makes_none(place: int, data: st.DataObject) -> None:
    field = FIELDS[place]
    wrong = data.draw(st.integers(field.last + 1, 10_000) | st.integers(0, 10_000).filter(lambda n: n < field.first))
    line = ["*"] * len(FIELDS)
    line[place] = str(wrong)
    assert f"'{wrong}' is no {field.name}" in cron_fault(" ".join(line))


@pytest.mark.parametrize(
    "line", ["5-3 * * * *", "*/0 * * * *", "*-5 * * * *", "1,, * * * *", "-1 * * * *", "² * * * *"]
)
def test_what_only_looks_like_a_field_is_none(line: str) -> None:
    assert "is no minute" in cron_fault(line)


def test_a_line_of_other_than_five_fields_is_told_their_number() -> None:
    assert cron_fault("0 18 * *") == "it has 4 fields and needs 5"


@given(st.text(max_size=30))
def test_no_text_breaks_the_question_for_a_time_zone(name: str) -> None:
    assert is_time_zone(name) in {True, False}


@pytest.mark.parametrize("name", ["America", "America/", "/etc/passwd", "../UTC", "America/New_York\n"])
def test_what_is_only_part_of_the_database_is_no_time_zone(name: str) -> None:
    assert not is_time_zone(name)


def test_on_a_machine_without_the_database_a_name_of_its_form_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stacks.checks.schedule._is_known", lambda _: False)
    assert is_time_zone("America/New_York")
    assert not is_time_zone("New York")
