"""The other scenarios in a real browser: each state of the market is reached, and said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import keep_screenshot
from tests.e2e.dashboard import SECOND, Dashboard
from tests.local_platform import running_platform

pytestmark = pytest.mark.e2e


@contextmanager
def dashboard_of(browser: Browser, folder: Path, scenario: str, *, rate: float = 1) -> Iterator[Dashboard]:
    """A page on a platform of its own; closing it fails the test on any script error or policy violation."""
    with running_platform(folder, scenario=scenario, rate=rate) as platform:
        opened = Dashboard(browser, platform.plan.page_url)
        yield opened
        opened.close()


def expect_states(dashboard: Dashboard, *states: str, seconds: float = 45) -> None:
    """The state badge says these, one after the other."""
    for state in states:
        expect(dashboard.by_id("state-badge")).to_have_attribute("data-state", state, timeout=seconds * SECOND)


def test_the_open_goes_from_pre_open_to_opening(browser: Browser, tmp_path: Path) -> None:
    with dashboard_of(browser, tmp_path, "open") as dashboard:
        expect_states(dashboard, "PRE_OPEN", "OPENING")
        keep_screenshot(dashboard.page, "state-opening")


def test_a_halt_is_shown_closes_every_episode_and_ends(browser: Browser, tmp_path: Path) -> None:
    with dashboard_of(browser, tmp_path, "halt", rate=5) as dashboard:
        expect_states(dashboard, "HALTED")
        expect(dashboard.anomalies(status="open")).to_have_count(0, timeout=5 * SECOND)
        keep_screenshot(dashboard.page, "state-halted")
        expect_states(dashboard, "NORMAL")


def test_the_last_hour_ends_final_and_closed(browser: Browser, tmp_path: Path) -> None:
    with dashboard_of(browser, tmp_path, "last-hour", rate=60) as dashboard:
        expect_states(dashboard, "LATE", "FINAL", "CLOSED", seconds=90)
        expect(dashboard.anomalies(status="open")).to_have_count(0, timeout=10 * SECOND)
        keep_screenshot(dashboard.page, "state-closed")
        expect_the_clock_to_stand_at(dashboard, "16:15:00 ET")


def expect_the_clock_to_stand_at(dashboard: Dashboard, end: str) -> None:
    """The page's clock reaches the simulated day's end and was never seen beyond it, nor going back."""
    dashboard.page.evaluate(
        """() => {
            const shown = window.__shown = [];
            const clock = document.querySelector('[data-testid="market-time"]');
            new MutationObserver(() => shown.push(clock.textContent))
                .observe(clock, {childList: true, characterData: true, subtree: true});
        }"""
    )
    expect(dashboard.by_id("market-time")).to_have_text(end, timeout=40 * SECOND)
    dashboard.by_id("rate-5").click()  # whoever ran on would be called back by this change
    expect(dashboard.by_id("rate-value")).to_contain_text("5×", timeout=5 * SECOND)
    shown = dashboard.page.evaluate("() => window.__shown")
    assert shown == sorted(shown)
    assert shown[-1] == end


def test_an_announced_event_is_a_state_of_its_own(browser: Browser, tmp_path: Path) -> None:
    with dashboard_of(browser, tmp_path, "event", rate=20) as dashboard:
        expect_states(dashboard, "EVENT")
        expect(dashboard.anomalies(severity="HIGH", status="open")).to_have_count(0)
        keep_screenshot(dashboard.page, "state-event")


def test_two_strikes_are_not_enough_for_a_smile_and_the_page_says_so(browser: Browser, tmp_path: Path) -> None:
    with dashboard_of(browser, tmp_path, "spxw-replay") as dashboard:
        expect(dashboard.by_id("smile-note")).to_contain_text(
            "not enough strikes", timeout=20 * SECOND, ignore_case=True
        )
        expect(dashboard.by_id("symbol")).to_contain_text("SPX")
        expect(dashboard.by_id("source-labels")).to_contain_text("DERIVED")
        keep_screenshot(dashboard.page, "state-two-strikes")


def test_a_quiet_market_in_spanish_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    with running_platform(tmp_path, scenario="quiet") as platform:
        dashboard = Dashboard(browser, platform.plan.page_url, width=375, height=812)
        dashboard.wait_until_live()
        dashboard.by_id("language").select_option("es")
        expect(dashboard.page.locator("html")).to_have_attribute("lang", "es")
        assert dashboard.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        keep_screenshot(dashboard.page, "phone-es")
        dashboard.close()
