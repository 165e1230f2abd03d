"""The default scenario as the README promises it to a newcomer, followed in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from apps.cli.local_platform import LocalPlatform
from tests.browser import keep_screenshot
from tests.e2e.dashboard import SECOND, Dashboard
from tests.local_platform import api, running_platform

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    with running_platform(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="module")
def dashboard(platform: LocalPlatform, browser: Browser) -> Iterator[Dashboard]:
    opened = Dashboard(browser, platform.plan.page_url)
    opened.wait_until_live()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client(platform: LocalPlatform) -> Iterator[httpx.Client]:
    with api(platform) as opened:
        yield opened


def injected(platform: LocalPlatform, what: str) -> dict[str, Any]:
    """The truth file's line of an injection, once its time has come."""
    path: Path = platform.plan.run_dir / "truth.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return next(line for line in lines if line["what"] == what)


def anomalies(client: httpx.Client) -> list[dict[str, Any]]:
    """Every anomaly the backend has kept of this run."""
    found: list[dict[str, Any]] = client.get("/anomalies", params={"limit": 200}).raise_for_status().json()["anomalies"]
    return found


def test_a_watermark_says_simulated_and_calibrated(dashboard: Dashboard) -> None:
    expect(dashboard.by_id("watermark")).to_contain_text("SIMULATED")
    expect(dashboard.by_id("source-labels")).to_contain_text("CALIBRATED")
    expect(dashboard.by_id("state-badge")).to_be_visible()
    keep_screenshot(dashboard.page, "demo-1-start")


def test_a_call_quoted_too_cheap_is_shown(platform: LocalPlatform, dashboard: Dashboard) -> None:
    row = dashboard.anomalies(kind="RESIDUAL", right="CALL")
    expect(row.first).to_be_visible(timeout=30 * SECOND)
    truth = injected(platform, "mispricing")
    (strike,) = truth["strikes"]
    assert truth["option_type"] == "CALL"
    assert 2 <= truth["size_half_spreads"] <= 3
    cheap = row.filter(has_text=f"{strike:.0f}")
    expect(cheap.first).to_be_visible(timeout=20 * SECOND)
    assert cheap.first.get_attribute("data-severity") in {"LOW", "MEDIUM", "HIGH"}
    keep_screenshot(dashboard.page, "demo-2-cheap-call")


def test_a_crossed_vertical_is_shown_with_its_legs_and_net_worth(dashboard: Dashboard) -> None:
    vertical = dashboard.anomalies(kind="VERTICAL").first
    expect(vertical).to_be_visible(timeout=60 * SECOND)
    vertical.get_by_role("button").first.click()
    detail = vertical.get_by_test_id("anomaly-detail")
    expect(detail).to_be_visible()
    expect(detail).to_contain_text("Buy")
    expect(detail).to_contain_text("Sell")
    expect(detail).to_contain_text("$")
    keep_screenshot(dashboard.page, "demo-3-crossed-vertical")
    vertical.get_by_role("button").first.click()


def test_the_stale_leg_is_not_flagged(platform: LocalPlatform, dashboard: Dashboard, client: httpx.Client) -> None:
    stale = injected(platform, "stale_leg")
    on_it = [
        each
        for each in anomalies(client)
        if each["strike"] in stale["strikes"]
        and each["option_type"] == stale["option_type"]
        and each["kind"] == "RESIDUAL"
    ]
    assert on_it == []


def test_a_dropped_channel_is_drawn_as_a_gap_and_then_filled(dashboard: Dashboard) -> None:
    expect(dashboard.by_id("connection-state")).not_to_have_attribute("data-state", "live", timeout=60 * SECOND)
    expect(dashboard.gaps(kind="channel")).to_have_count(1, timeout=10 * SECOND)
    keep_screenshot(dashboard.page, "demo-4-channel-down")
    expect(dashboard.gaps(kind="channel", state="filled")).to_have_count(1, timeout=25 * SECOND)
    assert dashboard.counters()["missingSeq"] == 0
    keep_screenshot(dashboard.page, "demo-5-channel-filled")


def test_the_spot_jump_raised_no_alarm(platform: LocalPlatform, client: httpx.Client) -> None:
    jump = injected(platform, "spot_jump")
    during = [
        each for each in anomalies(client) if jump["market_time"] <= each["opened_at"] <= _plus(jump["market_time"], 5)
    ]
    assert during == []


def test_a_gateway_drop_stays_marked_as_no_data(dashboard: Dashboard) -> None:
    closed = dashboard.gaps(kind="gateway", reason="no_gateway", state="closed")
    expect(closed).to_have_count(1, timeout=45 * SECOND)
    expect(closed).to_contain_text("no data")
    dashboard.wait_until_live()
    expect(closed).to_have_count(1)
    keep_screenshot(dashboard.page, "demo-6-gateway-gap")


def test_the_truth_toggle_shows_injected_found_missed_and_false(dashboard: Dashboard) -> None:
    dashboard.by_id("truth-toggle").click()
    expect(dashboard.by_id("score-injected")).to_have_text("2", timeout=10 * SECOND)
    expect(dashboard.by_id("score-found")).to_have_text("2")
    expect(dashboard.by_id("score-missed")).to_have_text("0")
    expect(dashboard.by_id("score-delay")).to_contain_text("s")
    keep_screenshot(dashboard.page, "demo-7-truth")


def test_the_clock_can_be_sped_up_from_the_page(dashboard: Dashboard, client: httpx.Client) -> None:
    dashboard.by_id("rate-20").click()
    expect(dashboard.by_id("rate-value")).to_contain_text("20")
    assert client.get("/api/calendar").raise_for_status().json()["rate"] == 20
    dashboard.by_id("rate-1").click()
    expect(dashboard.by_id("rate-value")).to_contain_text("1")


def _plus(iso: str, seconds: float) -> str:
    from datetime import datetime, timedelta

    return (datetime.fromisoformat(iso) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
