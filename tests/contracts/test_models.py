"""The contracts: closed, bounded, finite, and the same on both sides of the wire."""

from __future__ import annotations

import json
import math
from datetime import datetime

import pytest
from pydantic import ValidationError

from apps.contracts.anomalies import Anomaly
from apps.contracts.api import IngestRequest
from apps.contracts.enums import Kind, OptionType
from apps.contracts.events import EVENT_ADAPTER
from apps.contracts.frames import FLAG_BITS, Frame, QuoteFlag
from apps.contracts.names import TABLES
from tests.contracts.builders import DAY, make_anomaly, make_anomaly_event, make_cell, make_frame


def test_an_anomaly_carries_the_field_names_third_parties_know() -> None:
    body = json.loads(make_anomaly(bid=1.20, ask=1.22, fair=1.25).model_dump_json())
    assert body["mid_price"] == pytest.approx(1.21)
    assert body["expected_price"] == body["fair"] == 1.25
    assert body["deviation_percent"] == pytest.approx(-3.2)
    assert body["option_type"] == "CALL"


def test_derived_fields_are_not_sent_twice_so_a_round_trip_is_exact() -> None:
    anomaly = make_anomaly()
    assert Anomaly.model_validate_json(anomaly.model_dump_json(round_trip=True)) == anomaly


@pytest.mark.parametrize("missing", [{"bid": None}, {"ask": None}, {"fair": None}, {"fair": 0.0}])
def test_a_deviation_that_cannot_be_known_is_null_and_never_zero(missing: dict[str, object]) -> None:
    assert make_anomaly(**missing).deviation_percent is None


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_not_a_number_is_refused(number: float) -> None:
    with pytest.raises(ValidationError):
        make_anomaly(fair=number)
    with pytest.raises(ValidationError):
        make_frame(cells=[make_cell(bid=number)])


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e400"])
def test_not_a_number_is_refused_on_the_wire_too(text: str) -> None:
    body = make_frame().model_dump_json().replace('"spot":594.0', f'"spot":{text}')
    assert text in body
    with pytest.raises(ValidationError):
        Frame.model_validate_json(body)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("severity", "EXTREME"),
        ("severity", "<img src=x onerror=alert(1)>"),
        ("symbol", "spy"),
        ("symbol", "SPY<script>"),
        ("bid", -1.0),
        ("strike", 0.0),
        ("episode", 0),
        ("day", "19 May 2025"),
        ("id", "a b"),
        ("volume", -1),
        ("delta", 1.5),
        ("timestamp", datetime(2025, 5, 19, 10, 5)),  # noqa: DTZ001  the missing zone is the point
    ],
)
def test_what_lies_outside_a_bound_or_vocabulary_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        make_anomaly(**{field: value})


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="surprise"):
        make_anomaly(surprise=1)


def test_ids_differ_by_every_part_and_repeat_for_the_same() -> None:
    assert make_anomaly().id == make_anomaly().id
    others = [
        {"episode": 2},
        {"strike": 595.0},
        {"option_type": OptionType.PUT},
        {"kind": Kind.SPREAD},
        {"run": "other"},
    ]
    assert len({make_anomaly(**other).id for other in others} | {make_anomaly().id}) == len(others) + 1


def test_events_are_told_apart_by_their_type() -> None:
    event = make_anomaly_event(7)
    assert EVENT_ADAPTER.validate_json(event.model_dump_json(round_trip=True)) == event
    with pytest.raises(ValidationError):
        EVENT_ADAPTER.validate_python({"seq": 1, "type": "rumour", "body": {}})


def test_a_cell_is_an_array_on_the_wire_and_its_flags_are_bits_in_a_fixed_order() -> None:
    frame = make_frame(cells=[make_cell(flags=int(QuoteFlag.STALE | QuoteFlag.WIDE))])
    wire = json.loads(frame.model_dump_json())["cells"][0]
    assert wire[:4] == [594.0, "C", 1.2, 1.22]
    flags = wire[17]
    assert [flag.name for bit, flag in enumerate(FLAG_BITS) if flags >> bit & 1] == ["STALE", "WIDE"]
    assert [flag.name for flag in FLAG_BITS] == [flag.name for flag in QuoteFlag]


def test_an_ingest_holds_at_most_its_bound_of_events() -> None:
    stream = {"source": "simulated", "run": "test", "symbol": "SPY", "day": DAY, "epoch": 1, "first_seq": 1}
    event = make_anomaly_event(1)
    assert IngestRequest(**stream, events=[event] * 500)
    with pytest.raises(ValidationError):
        IngestRequest(**stream, events=[event] * 501)


def test_tables_are_listed_once() -> None:
    assert len(set(TABLES)) == len(TABLES) == 7
