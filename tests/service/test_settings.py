"""Settings errors name the key, the value and the bound; atomic files are whole or not there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field, SecretStr

from apps.service.atomic import write_atomically
from apps.service.settings import ServiceSettings, SettingsError, load_settings


class Example(ServiceSettings):
    """Some settings."""

    some_rate: Annotated[float, Field(ge=1, le=20, description="Things a second")] = 5
    some_secret: Annotated[SecretStr, Field(min_length=8)] = SecretStr("long-enough")


def test_the_environment_is_read_and_an_empty_value_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_RATE", "7")
    assert load_settings(Example).some_rate == 7
    monkeypatch.setenv("SOME_RATE", "")
    assert load_settings(Example).some_rate == 5


@pytest.mark.parametrize(
    ("value", "says"),
    [("0", "SOME_RATE=0: input should be greater than or equal to 1"), ("fast", "SOME_RATE=fast: input should be a")],
)
def test_a_wrong_value_is_named_with_its_bound_and_default(monkeypatch: pytest.MonkeyPatch, value, says) -> None:
    monkeypatch.setenv("SOME_RATE", value)
    with pytest.raises(SettingsError, match=says) as error:
        load_settings(Example)
    assert "Things a second. Default 5." in str(error.value)


def test_a_wrong_secret_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET", "hunter2")
    with pytest.raises(SettingsError) as error:
        load_settings(Example)
    assert "SOME_SECRET" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_every_wrong_key_has_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_RATE", "99")
    monkeypatch.setenv("SOME_SECRET", "x")
    with pytest.raises(SettingsError) as error:
        load_settings(Example)
    assert len(str(error.value).splitlines()) == 2


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_atomically(path, b"old", durable=True)
    with pytest.raises(TypeError):
        write_atomically(path, "text")  # type: ignore[arg-type]
    assert [(item.name, item.read_bytes()) for item in tmp_path.iterdir()] == [("state.json", b"old")]


def test_a_file_in_the_way_is_an_error_that_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        write_atomically(tmp_path / "state", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["state"]
