"""The detector's environment: each number bounded, each refusal one sentence that names the key."""

from __future__ import annotations

import pytest

from apps.detector.settings import DetectorSettings
from apps.service.settings import SettingsError, load_settings
from tests.service.bad_numbers import number_keys, refuses_in_one_line


@pytest.mark.parametrize("key", number_keys(DetectorSettings))
def test_no_number_takes_what_is_none(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refuses_in_one_line(DetectorSettings, key, monkeypatch)


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
