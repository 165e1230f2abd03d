"""The detector's environment: each number bounded, each refusal one sentence that names the key."""

from __future__ import annotations

import pytest

from apps.detector.settings import DetectorSettings
from apps.market.memory import ScanMemory
from apps.market.scan import scan
from apps.market.settings import ScanSettings
from apps.service.settings import SettingsError, load_settings
from tests.detector.helpers import OPEN_1005, make_chain
from tests.service.bad_numbers import number_keys, refuses_in_one_line


@pytest.mark.parametrize("key", number_keys(DetectorSettings))
def test_no_number_takes_what_is_none(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refuses_in_one_line(DetectorSettings, key, monkeypatch)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("ANOMALY_THRESHOLD", "0.5", "robust z-score"),
        ("SCANS_PER_SECOND", "1000", "SCANS_PER_SECOND=1000: input should be less than or equal to 100"),
        ("STRIKES_RANGE_PERCENT", "9", "STRIKES_RANGE_PERCENT=9: input should be less than or equal to 3"),
        ("SOURCE", "alive", "SOURCE=alive"),
        ("RUN_ID", "a b", "RUN_ID=a b"),
        ("EVENT_TIMES", "2025-05-19T14:00", "has no offset"),
        ("EX_DATES", "tomorrow", "EX_DATES"),
        ("BACKEND_URL", "localhost:8000", "starts with http"),
        ("FEE_PER_CONTRACT", "-0.1", "FEE_PER_CONTRACT=-0.1: input should be greater than or equal to 0"),
        ("FEE_PER_CONTRACT", "65", "FEE_PER_CONTRACT=65: input should be less than or equal to 10"),
        ("ORDER_MINIMUM_USD", "nan", "ORDER_MINIMUM_USD=nan"),
        ("RESERVED_LINES", "99", "lower RESERVED_LINES"),
        ("SOURCE", "live", "RUN_ID must be empty"),
    ],
)
def test_a_wrong_setting_is_refused_in_a_sentence(
    key: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, given in {"SOURCE": "simulated", "RUN_ID": "test", key: value}.items():
        monkeypatch.setenv(name, given)
    with pytest.raises(SettingsError) as refusal:
        load_settings(DetectorSettings)
    assert says in str(refusal.value)


@pytest.mark.parametrize(("key", "value"), [("EX_DATES", "86400"), ("EVENT_TIMES", "99"), ("EVENT_TIMES", "1.5e9")])
def test_a_bare_number_is_no_date(key: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(key, value)
    with pytest.raises(SettingsError, match=key):
        load_settings(DetectorSettings)


def test_dates_and_times_are_read_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EX_DATES", "2025-05-19, 2025-06-20")
    monkeypatch.setenv("EVENT_TIMES", "2025-05-19T14:00-04:00")
    settings = load_settings(DetectorSettings)
    assert [day.isoformat() for day in settings.ex_dates] == ["2025-05-19", "2025-06-20"]
    assert [time.isoformat() for time in settings.event_times] == ["2025-05-19T18:00:00+00:00"]


def test_the_environment_s_defaults_are_the_scan_s_own() -> None:
    assert DetectorSettings().scan == ScanSettings()


def test_fees_of_the_environment_reach_the_scan_per_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEE_PER_CONTRACT", "1.30")
    monkeypatch.setenv("ORDER_MINIMUM_USD", "0")
    limits = load_settings(DetectorSettings).scan
    assert (limits.fee_per_leg, limits.order_minimum_usd) == (pytest.approx(0.013), 0.0)


@pytest.mark.parametrize(
    ("key", "value"),
    [("FEE_PER_CONTRACT", "10"), ("FEE_PER_CONTRACT", "0"), ("ORDER_MINIMUM_USD", "100"), ("ORDER_MINIMUM_USD", "0")],
)
def test_every_fee_that_the_environment_takes_the_scan_takes_too(
    key: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(key, value)
    assert isinstance(load_settings(DetectorSettings).scan, ScanSettings)


def test_the_longest_pause_between_scans_may_be_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quotes drive the scans; the pause is for when none come, and then the chain is stale long before."""
    monkeypatch.setenv("SCAN_INTERVAL_SECONDS", "300")
    assert load_settings(DetectorSettings).scan_interval_seconds == 300
    monkeypatch.setenv("SCAN_INTERVAL_SECONDS", "301")
    with pytest.raises(SettingsError, match="SCAN_INTERVAL_SECONDS=301: input should be less than or equal to 300"):
        load_settings(DetectorSettings)


@pytest.mark.parametrize("missing", ["NAMESPACE", "POD_NAME"])
def test_a_lease_needs_to_know_the_pod(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in {"LEADERSHIP": "lease", "NAMESPACE": "spy-options-bot", "POD_NAME": "detector-0"}.items():
        monkeypatch.setenv(key, value)
    assert load_settings(DetectorSettings).leadership == "lease"
    monkeypatch.delenv(missing)
    with pytest.raises(SettingsError, match=f"LEADERSHIP=lease needs {missing}"):
        load_settings(DetectorSettings)


def test_a_dearer_contract_leaves_less_of_the_edge_by_both_its_fees() -> None:
    thin = make_chain(OPEN_1005, cheap={(596.0, True): -0.25})
    edges = []
    for fee in (0.75, 10.0):
        found = scan(thin, ScanMemory(), DetectorSettings(fee_per_contract=fee).scan).findings
        edges.append(max(finding.worth.edge_net for finding in found if finding.worth is not None))
    cheap, dear = edges
    assert cheap - dear == pytest.approx(2 * (0.10 - 0.0075))
