"""From chains to anomalies and signals, in process: what is told, when, and how it ends."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.broker.tap import exchange_mask
from apps.contracts.anomalies import Anomaly
from apps.contracts.enums import Action, CloseReason, EpisodeStatus, Kind, Severity
from apps.contracts.events import Signal
from apps.detector.anomaly_record import exchange_letters
from apps.detector.detection import Detection
from apps.detector.sampler import Sampler, flow_of, gamma_of, market_of, smile_of
from apps.market.contract_hours import ContractHours
from apps.market.flow import FlowTotals
from apps.market.settings import ScanSettings
from tests.detector.helpers import OPEN_1005, STREAM, make_chain

CALL_596 = (596.0, True)
HOURS = ContractHours(
    open=datetime(2025, 5, 19, 13, 30, tzinfo=UTC).timestamp(),
    close=datetime(2025, 5, 19, 20, tzinfo=UTC).timestamp(),
    expiry=datetime(2025, 5, 19, 20, tzinfo=UTC).timestamp(),
)


def watch(detection: Detection, seconds: float, *, start: float = OPEN_1005, cheap: float = 0.0, quotes: int = 5):
    """Scan ten times a second; the contract is `cheap` dollars off and its quote changes `quotes` times a second."""
    told = []
    for step in range(int(seconds * 10)):
        now = start + step / 10
        chain = make_chain(now, cheap={CALL_596: cheap}, updates=1 + step * quotes // 10)
        told += detection.step(chain, HOURS, t_recv=1.0, wall=lambda: 2.0).bodies
    return told


def anomalies(told) -> list[Anomaly]:
    return [body for body in told if isinstance(body, Anomaly)]


@pytest.fixture
def detection() -> Detection:
    return Detection(STREAM, ScanSettings())


def test_a_fair_chain_tells_nothing(detection: Detection) -> None:
    assert watch(detection, 5) == []


def test_a_cheap_call_is_opened_signalled_once_and_closed_when_it_reverts(detection: Detection) -> None:
    told = watch(detection, 4, cheap=-0.25)
    [opened] = [a for a in anomalies(told) if a.status is EpisodeStatus.OPEN and a.kind is Kind.RESIDUAL]
    assert (opened.strike, opened.option_type, opened.episode) == (596.0, "CALL", 1)
    assert opened.id == "simulated.test.2025-05-19.SPY.2025-05-19.00596000C.RESIDUAL.1"
    assert opened.times.t_recv == 1.0
    assert opened.times.t_detect == 2.0
    [signal] = [body for body in told if isinstance(body, Signal) and body.signal_id == opened.id]
    assert signal.action is Action.BUY
    assert (signal.valid_until - signal.timestamp).total_seconds() == 5
    later = watch(detection, 4, start=OPEN_1005 + 4)
    closed = [a for a in anomalies(later) if a.status is EpisodeStatus.CLOSED and a.id == opened.id]
    assert [a.close_reason for a in closed] == [CloseReason.REVERTED]
    assert closed[0].closed_at is not None
    assert detection.bodies == {}


def test_a_large_mispricing_rises_to_high_only_after_a_second_quote(detection: Detection) -> None:
    frozen = anomalies(watch(detection, 3, cheap=-0.5, quotes=0))
    assert {a.highest_severity for a in frozen if a.kind is Kind.RESIDUAL} <= {Severity.LOW, Severity.MEDIUM}
    moving = anomalies(watch(Detection(STREAM, ScanSettings()), 3, cheap=-0.5))
    assert Severity.HIGH in {a.highest_severity for a in moving if a.kind is Kind.RESIDUAL}


def test_a_gap_closes_what_is_open_and_it_may_open_again_after_it(detection: Detection) -> None:
    watch(detection, 2, cheap=-0.25)
    ended = detection.interrupt(OPEN_1005 + 2, CloseReason.GAP, t_recv=3.0, t_detect=3.0)
    assert {a.close_reason for a in ended} == {CloseReason.GAP}
    again = [a for a in anomalies(watch(detection, 2, start=OPEN_1005 + 8, cheap=-0.25)) if a.kind is Kind.RESIDUAL]
    assert (again[0].status, again[0].episode) == (EpisodeStatus.OPEN, 2)


def test_the_end_of_the_session_closes_every_episode_as_expired(detection: Detection) -> None:
    watch(detection, 2, start=HOURS.close - 400, cheap=-0.25)
    told = detection.step(make_chain(HOURS.close), HOURS, t_recv=1.0, wall=lambda: 2.0).bodies
    assert {body.close_reason for body in anomalies(told)} <= {CloseReason.EXPIRED}
    assert detection.bodies == {}


def test_a_successor_continues_the_same_episode_without_a_second_signal(detection: Detection) -> None:
    watch(detection, 3, cheap=-0.25)
    heir = Detection(STREAM.model_copy(update={"epoch": 2}), ScanSettings())
    heir.episodes.numbers.update(detection.episodes.numbers)
    heir.restore(list(detection.bodies.values()), OPEN_1005 + 3)
    told = watch(heir, 8, start=OPEN_1005 + 3, cheap=-0.25)
    assert not [body for body in told if isinstance(body, Signal)]
    assert {a.id for a in anomalies(told)} <= {a.id for a in detection.bodies.values()}
    assert {a.status for a in anomalies(told)} == {EpisodeStatus.UPDATE}


def test_samples_say_what_the_scan_saw(detection: Detection) -> None:
    chain = make_chain(OPEN_1005)
    result = detection.step(chain, HOURS, t_recv=1.0, wall=lambda: 2.0).result
    assert market_of(chain, result).forward == pytest.approx(594.0, abs=0.02)
    assert flow_of(chain, FlowTotals(calls=5.0, puts=2.0)).net_flow == 3.0
    gamma = gamma_of(chain, result)
    assert gamma is not None
    assert 594.0 in {strike.strike for strike in gamma.strikes}
    assert len(smile_of(chain, result).points) == 50


@pytest.mark.parametrize("rate", [1.0, 10.0, 60.0])
def test_no_sample_comes_oftener_than_its_period_nor_than_once_a_wall_second(rate: float) -> None:
    sampler, times = Sampler(), {}
    for step in range(600):
        wall = step * 0.05
        for kind in sampler.due(wall * rate, wall):
            times.setdefault(kind, []).append(wall)
    for kind, taken in times.items():
        pauses = [later - earlier for earlier, later in pairwise(taken)]
        assert min(pauses) >= max(0.95, {"Market": 1, "Flow": 5, "Gamma": 15, "Smile": 5}[kind.__name__] / rate) - 1e-6


@given(st.text("ABCXYZabcxyz", max_size=20))
def test_the_exchanges_of_a_leg_are_told_as_the_broker_told_them(letters: str) -> None:
    told = exchange_letters(exchange_mask(letters))
    assert told == ("".join(sorted(set(letters)))[:12] or None)
