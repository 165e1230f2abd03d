"""What the documents promise is there: files, commands, keys with their defaults, and every word a reader can meet."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from apps.backend.settings import Settings
from apps.bot.settings import BotSettings
from apps.cli import handed_over
from apps.cli.main import COMMANDS
from apps.contracts.enums import CloseReason, Flag, Kind, MarketState, Reason
from apps.contracts.names import Env, Port
from apps.detector.episodes import EpisodeSettings
from apps.detector.settings import DetectorSettings
from apps.market.contract_hours import FINAL_SECONDS, LATE_SECONDS
from apps.market.settings import ScanSettings
from apps.market.severity import HIGH_ARBITRAGE_NET, HIGH_OUTSIDE_NET, MEDIUM_OUTSIDE_NET
from apps.market.spread_volume import SPREAD_RATIO, VOLUME_RATIO
from apps.market.states import FREEZE_SECONDS
from apps.market.statistical import MEDIUM_FACTOR
from apps.service.settings import ServiceSettings
from tests.backend.running import running

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "frontend" / "README.md"]
SERVICES: tuple[type[ServiceSettings], ...] = (Settings, DetectorSettings, BotSettings)
ELSEWHERE = {
    Env.SIMULATOR_PORT: str(Port.SIMULATOR),
    Env.SIMULATOR_CONTROL_PORT: str(Port.SIMULATOR_CONTROL),
}
"""Keys that no settings class reads: the simulator's command line does."""


def example() -> dict[str, str]:
    """Keys and values of .env.example, comments cut off."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = (line.split("#")[0].strip().partition("=") for line in lines)
    return {key: value for key, _, value in pairs if key}


def readers(key: str) -> list[type[ServiceSettings]]:
    """The services that read `key`."""
    return [service for service in SERVICES if key.lower() in service.model_fields]


def test_every_setting_stands_in_the_example_and_nothing_else() -> None:
    read = {name.upper() for service in SERVICES for name in service.model_fields} | set(ELSEWHERE)
    known = {value for name, value in vars(Env).items() if not name.startswith("_")}

    assert set(example()) == read
    assert known <= read


def test_the_example_gives_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in example():
        monkeypatch.delenv(key, raising=False)
    for key, value in example().items():
        if key in ELSEWHERE:
            assert value == ELSEWHERE[key], key
            continue
        before = [getattr(service(), key.lower()) for service in readers(key)]
        monkeypatch.setenv(key, value)
        after = [getattr(service(), key.lower()) for service in readers(key)]
        monkeypatch.delenv(key)
        assert any(default == written for default, written in zip(before, after, strict=True)), (key, before, after)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / ".env.example"], ids=lambda page: str(page.relative_to(ROOT)))
def test_files_and_commands_that_are_named_exist(page: Path) -> None:
    text = page.read_text()
    files = re.findall(r"(?<![\w/.-])((?:apps|docs|tests|tools|requirements|frontend)/[\w./-]+\.\w+)\b", text)
    targets = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE))
    commands = set(re.findall(r"`spy ([a-z]+)", text))
    makefile = (ROOT / "Makefile").read_text()

    assert [name for name in files if not (ROOT / name).exists()] == []
    assert [name for name in targets if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []
    assert commands <= {*COMMANDS, *handed_over.COMMANDS}


async def test_addresses_in_the_readme_answer(tmp_path: Path) -> None:
    paths = re.findall(r"http://127\.0\.0\.1:8000(/[\w./-]+)", (ROOT / "README.md").read_text())
    async with running(tmp_path) as here:
        answers = {path: (await here.client.get(path)).status_code for path in paths}

    assert paths
    assert set(answers.values()) == {200}, answers


def test_the_page_on_detection_explains_every_word_that_a_finding_may_carry() -> None:
    text = (ROOT / "docs" / "detection.md").read_text()
    words = [*Kind, *Reason, *Flag, *MarketState, *CloseReason]

    assert [word for word in words if not re.search(rf"\b{re.escape(word)}\b", text)] == []


def test_the_page_on_detection_gives_the_limits_of_the_code() -> None:
    text = " ".join((ROOT / "docs" / "detection.md").read_text().replace("\\|", "|").split())
    scan, life = ScanSettings(), EpisodeSettings()
    limits = [
        f"|z| ≥ {scan.threshold:g}, outside ≥ {100 * scan.tick:g} c",
        f"|z| ≥ {scan.medium:g}, outside less one fee ≥ {100 * MEDIUM_OUTSIDE_NET:g} c",
        f"|z| ≥ {scan.high:g}, outside less one fee ≥ {100 * HIGH_OUTSIDE_NET:g} c",
        f"net edge ≥ {100 * HIGH_ARBITRAGE_NET:g} c, culprit's z ≥ {scan.threshold:g}",
        f"net edge ≥ {100 * scan.high_edge_net:g} c *and* ≥ ${scan.high_worth_usd:g}",
        f"ratio ≥ {SPREAD_RATIO:g} | ratio ≥ {MEDIUM_FACTOR * SPREAD_RATIO:g}",
        f"ratio ≥ {VOLUME_RATIO:g} | ratio ≥ {MEDIUM_FACTOR * VOLUME_RATIO:g}",
        f"One contract costs {100 * scan.fee_per_leg:g} c a share",
        f"not one packet for {FREEZE_SECONDS:g} s",
        f"the last {LATE_SECONDS / 60:g} minutes",
        f"the last {FINAL_SECONDS / 60:g} minutes",
        f"an episode after {life.open_seconds:g} s",
        f"after {life.close_seconds:g} s away",
        f"rests for {life.cooldown_seconds:g} s",
    ]

    assert [limit for limit in limits if limit not in text] == []
