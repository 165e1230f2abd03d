"""The backend's environment: each number bounded, each refusal one sentence that names the key."""

from __future__ import annotations

import pytest

from apps.backend.settings import Settings
from apps.service.settings import SettingsError, load_settings
from tests.service.bad_numbers import number_keys, refuses_in_one_line


@pytest.mark.parametrize("key", number_keys(Settings))
def test_no_number_takes_what_is_none(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refuses_in_one_line(Settings, key, monkeypatch)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("METRICS_NETWORKS", "10.0.0.0/99"),
        ("METRICS_NETWORKS", "everybody"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://good.example,dash.example"),
        ("CORS_ORIGINS", "https://dash.example/page"),
    ],
)
def test_lists_name_their_key_and_the_wrong_part(key: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(key, value)
    with pytest.raises(SettingsError, match=key):
        load_settings(Settings)
