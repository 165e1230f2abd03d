"""Every environment key of every service with a value that makes no sense: one clear line that names the key."""

from __future__ import annotations

import pytest

from apps.backend.settings import Settings as BackendSettings
from apps.bot.settings import BotSettings
from apps.cli.scorer import Settings as ScorerSettings
from apps.detector.settings import DetectorSettings
from apps.service.settings import LINE_MAX, ServiceSettings, SettingsError, load_settings

HOSTILE = ("\x1b[31m!", "no such thing", "http://[", "http://", "x" * 5_000, "-1", "é", "1,2", "{}")
FREE = {
    "AUTH_AUDIENCE",
    "AUTH_ISSUER",  # names of the tenant's, compared as they are
    "BIND_HOST",
    "BOT_IBKR_HOST",
    "IBKR_HOST",  # names that only a name server can judge: binding refuses, the feed tries on and says so
    "DATA_DIR",
    "JOURNAL_DIR",
    "KUBERNETES_CREDENTIALS_DIR",
    "SPOOL_DIR",
    "PAGE_DIR",  # folders, tried at the start
    "PUBLISHER_CLIENT_SECRET",
}
"""Keys that take any text."""

KEYS = [
    pytest.param(kind, name.upper(), id=f"{kind.__module__.split('.')[1]}-{name.upper()}")
    for kind in (BackendSettings, DetectorSettings, BotSettings, ScorerSettings)
    for name in kind.model_fields
]


@pytest.mark.parametrize(("kind", "key"), KEYS)
def test_no_key_takes_nonsense_in_silence(
    kind: type[ServiceSettings], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCORE_URL", "http://127.0.0.1:9999")
    refused = 0
    for value in HOSTILE:
        monkeypatch.setenv(key, value)
        try:
            load_settings(kind)
        except SettingsError as error:
            refused += 1
            told = str(error)
            assert key in told, (value, told)
            assert told.isprintable(), (value, told)
            assert len(told) <= LINE_MAX, (value, told)
    assert refused >= len(HOSTILE) - 2 or key in FREE
