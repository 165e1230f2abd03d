"""Every number of a settings class set to what is none, or none that makes sense: one clear line each."""

from __future__ import annotations

from typing import Any, get_args, get_origin

import pytest

from apps.service.settings import ServiceSettings, SettingsError, load_settings

NEVER_A_SETTING = ("nan", "inf", "-inf", "-1", "text", "1e400", "9" * 400, "\x1b[31m5", "5\n6")


def number_keys(kind: type[ServiceSettings]) -> list[str]:
    """Environment keys of the fields that hold one number."""
    return [name.upper() for name, field in kind.model_fields.items() if _number(field.annotation)]


def _number(annotation: Any) -> bool:
    return annotation in (int, float) or any(_number(part) for part in get_args(annotation) if get_origin(annotation))


def refuses_in_one_line(kind: type[ServiceSettings], key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each bad value of `key` is refused with one line of plain text that names the key and the value."""
    for value in NEVER_A_SETTING:
        monkeypatch.setenv(key, value)
        with pytest.raises(SettingsError) as refused:
            load_settings(kind)
        told = str(refused.value)
        assert told.startswith(f"{key}"), (value, told)
        assert repr(value)[1:-1][:80] in told, (value, told)
        assert told.isprintable(), (value, told)
        assert len(told) < 400, (value, told)
