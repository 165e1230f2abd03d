"""The built page in a real browser: what it shows of a market, and that it keeps its word on safety and languages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from apps.contracts.enums import DataState, Kind, MarketState, OptionType, Severity, SmileQuality, StorageState
from apps.contracts.events import StatusEvent
from tests.frontend.conftest import WAIT_MS, Viewer
from tests.frontend.synthetic_market import START, SyntheticMarket

HOSTILE = '<img src=x onerror="window.__hacked=1"><script>window.__hacked=1</script>\'"&{{7*7}}'


def test_it_shows_the_chain_the_header_and_the_watermark_and_breaks_no_policy(viewer: Viewer) -> None:
    viewer.open()
    expect(viewer.at("watermark")).to_have_text("SIMULATED")
    expect(viewer.at("source-labels")).to_contain_text("ASSUMED-SIZES")
    expect(viewer.at("state-badge")).to_have_text("Normal")
    expect(viewer.at("data-badge")).to_have_text("Data live")
    expect(viewer.at("cell-C-594-bid")).to_have_text(re.compile(r"^\d+\.\d\d$"))
    expect(viewer.at("strike-594")).to_be_in_viewport()
    expect(viewer.at("spot")).to_have_text(re.compile(r"^\d{3}\.\d\d$"))
    expect(viewer.at("market-time")).to_have_text(re.compile(r"^10:0\d:\d\d ET$"))
    viewer.wait("spy.frames > 40 && spy.latencySamples > 20")
    assert viewer.violations() == []
    assert viewer.errors == []
    assert viewer.hosts == {f"127.0.0.1:{viewer.fake.port}"}


def test_every_contract_of_the_snapshot_is_on_screen_with_its_own_values(viewer: Viewer) -> None:
    viewer.fake.rest()
    viewer.open()
    cells = viewer.page.evaluate("async () => (await (await fetch('/api/snapshot')).json()).cells")
    shown = viewer.page.locator("tbody tr").count()
    assert shown == 41
    volumes = {(cell[0], cell[1]): cell[12] for cell in cells}
    for strike in (580, 594, 607):
        for right in "CP":
            text = viewer.at(f"cell-{right}-{strike}-volume").inner_text()
            number = float(text.rstrip("K")) * (1000 if text.endswith("K") else 1)
            assert number == pytest.approx(volumes[strike, right], rel=0.06)


def test_an_anomaly_opens_with_its_legs_reasons_and_worth_and_points_at_its_contract(viewer: Viewer) -> None:
    viewer.open()
    viewer.fake.emit(viewer.fake.market.open(Kind.VERTICAL, 600, Severity.MEDIUM, right=OptionType.PUT))
    row = viewer.at("anomaly-row")
    expect(row).to_contain_text("600/601 P")
    expect(viewer.at("row-600")).to_have_attribute("data-put-severity", "MEDIUM")
    row.get_by_role("button").focus()
    viewer.page.keyboard.press("Enter")
    expect(viewer.at("anomaly-leg")).to_have_count(2)
    expect(viewer.at("anomaly-leg").first).to_contain_text("Buy 1 × 600 P")
    expect(viewer.at("anomaly-flag").first).to_contain_text("American")
    expect(viewer.at("anomaly-detail")).to_contain_text("$149.40")
    expect(viewer.at("row-600")).to_be_in_viewport()
    expect(viewer.at("follow-atm")).to_have_attribute("aria-pressed", "false")
    expect(viewer.at("announcer")).to_contain_text("1 new anomaly: MEDIUM Vertical")


def test_the_money_stays_in_the_middle_while_it_is_followed(viewer: Viewer) -> None:
    viewer.open()
    for step in (4, -7):
        viewer.fake.market.forward = 594 + step
        row = viewer.at(f"row-{594 + step}")
        expect(row).to_have_attribute("aria-current", "true")
        middle = viewer.page.evaluate(
            """(strike) => { const at = (id) => document.querySelector(`[data-testid="${id}"]`).getBoundingClientRect();
            const [row, box] = [at(`row-${strike}`), at('chain')];
            return (row.top + row.height / 2 - box.top) / box.height; }""",
            594 + step,
        )
        assert 0.3 < middle < 0.7


def test_a_hostile_message_runs_nothing_and_is_counted(viewer: Viewer) -> None:
    viewer.open()
    market, fake = viewer.fake.market, viewer.fake
    frame = market.beat().model_dump(mode="json")
    for key in ("symbol", "run", "state", "data", "expiry", "market_time", "smile"):
        fake.raw("frame", {**frame, key: HOSTILE})
    fake.raw("frame", {**frame, "cells": [[HOSTILE] * 20]})
    fake.raw("anomalyDetected", {"v": 1, "type": "anomaly", "body": {"severity": HOSTILE}})
    fake.raw("status", [HOSTILE])
    viewer.wait("spy.rejected >= 10")
    expect(viewer.at("rejected")).to_have_text("rejected 10")
    fake.rest()
    # A sentence for people may hold anything; it is shown as text.
    status = market.status().model_copy(update={"message": HOSTILE})
    fake.emit(market.add(StatusEvent, body=status))
    expect(viewer.at("feed-state")).to_have_attribute("title", HOSTILE)
    assert viewer.page.evaluate("window.__hacked") is None
    assert viewer.page.locator("main img, main script").count() == 0
    assert viewer.violations() == []


def test_languages_and_themes_change_everything_at_once_and_are_remembered(viewer: Viewer) -> None:
    viewer.open()
    viewer.at("language").select_option("es")
    expect(viewer.at("watermark")).to_have_text("SIMULADO")
    expect(viewer.page.locator("html")).to_have_attribute("lang", "es")
    expect(viewer.at("cell-C-594-bid")).to_have_text(re.compile(r"^\d+,\d\d$"))
    viewer.at("theme").select_option("contrast")
    viewer.page.reload()
    expect(viewer.page.locator("html")).to_have_attribute("data-theme", "contrast")
    expect(viewer.at("watermark")).to_have_text("SIMULADO")
    expect(viewer.page).to_have_title("SPY: opciones 0DTE")


def test_no_string_escapes_translation(viewer: Viewer) -> None:
    viewer.fake.market.open(Kind.VERTICAL, 600, Severity.HIGH, right=OptionType.PUT)
    viewer.fake.market.gap(START + timedelta(seconds=60), START + timedelta(seconds=70))
    viewer.open("?lang=qps")
    viewer.at("anomaly-row").get_by_role("button").click()
    viewer.at("truth-toggle").click()
    expect(viewer.at("injection")).to_have_count(3)
    bare = viewer.page.evaluate(
        """() => { const walker = document.createTreeWalker(document.getElementById('page'), NodeFilter.SHOW_TEXT);
        const found = [];
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
          const text = node.data.replace(/⟦[^]*⟧/g, '');
          const named = node.parentElement.closest('[lang]:not(html), .label-chip');
          if (/[A-Za-z]{2,}/.test(text) && !named) found.push(node.data);
        } return found; }"""
    )
    # What is not words: the ticker, the zone, and dates in the reader's own format.
    allowed = re.compile(r"^(SPY|[\d:]+ ET|\w{3}, \w{3} \d+)$")
    assert [text for text in bare if not allowed.match(text)] == []


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
def test_text_is_readable_on_every_shade(viewer: Viewer, theme: str) -> None:
    viewer.fake.market.open(Kind.RESIDUAL, 596, Severity.HIGH)
    viewer.page.add_init_script(f"localStorage.setItem('spy.theme', '{theme}')")
    viewer.page.emulate_media(reduced_motion="reduce")
    viewer.open()
    expect(viewer.page.locator('td[data-heat="5"]').first).to_be_attached()
    low = viewer.page.evaluate(CONTRAST)
    assert low == []


def test_on_a_phone_the_chain_scrolls_in_its_own_box_and_keeps_the_strike(viewer: Viewer) -> None:
    viewer.page.set_viewport_size({"width": 375, "height": 812})
    viewer.open()
    expect(viewer.at("strike-594")).to_be_in_viewport()
    expect(viewer.at("cell-C-594-bid")).to_be_in_viewport()
    expect(viewer.at("cell-P-594-ask")).to_be_in_viewport()
    assert viewer.page.evaluate("document.documentElement.scrollWidth") <= 375
    viewer.at("chain").evaluate("(box) => { box.scrollLeft = box.scrollWidth; }")
    expect(viewer.at("strike-594")).to_be_in_viewport()
    expect(viewer.at("watermark")).to_be_visible()


def test_with_too_few_strikes_it_says_so_and_draws_no_fit(viewer: Viewer) -> None:
    viewer.fake.market = SyntheticMarket(low=594, high=595, quality=SmileQuality.NOT_ENOUGH_STRIKES)
    viewer.open()
    expect(viewer.at("smile-note")).to_contain_text("Not enough strikes for a smile")
    expect(viewer.page.locator("tbody tr")).to_have_count(2)


@pytest.mark.parametrize(
    ("state", "data", "badge", "trust"),
    [
        (MarketState.HALTED, DataState.STALE, "Halted", "Data stale"),
        (MarketState.CLOSED, DataState.CLOSED, "Closed", "Market closed"),
        (MarketState.NORMAL, DataState.NO_GATEWAY, "Normal", "No gateway"),
    ],
)
def test_states_are_shown_as_they_are(
    viewer: Viewer, state: MarketState, data: DataState, badge: str, trust: str
) -> None:
    viewer.fake.market.state, viewer.fake.market.data = state, data
    viewer.open()
    expect(viewer.at("state-badge")).to_have_text(badge)
    expect(viewer.at("data-badge")).to_have_text(trust)


def test_a_full_disk_is_said_while_frames_go_on(viewer: Viewer) -> None:
    viewer.open()
    shown = viewer.at("storage-state")
    expect(shown).to_have_text("kept")
    viewer.fake.market.storage = StorageState.WAITING
    expect(shown).to_have_text("no room, waiting")
    expect(shown).to_have_attribute("data-level", "warn")
    viewer.fake.market.storage = StorageState.LOSING
    expect(shown).to_have_text("full, events are lost")
    expect(shown).to_have_attribute("data-level", "bad")


def test_the_clock_can_be_hurried_and_the_truth_looked_at(viewer: Viewer) -> None:
    viewer.open()
    viewer.at("rate-60").click()
    expect(viewer.at("rate-value")).to_have_text("60×")
    expect(viewer.at("rate-60")).to_have_attribute("aria-pressed", "true")
    assert viewer.fake.market.rate == 60
    viewer.at("truth-toggle").click()
    expect(viewer.at("score-found")).to_have_text("1")
    expect(viewer.at("score-pending")).to_have_text("1")
    expect(viewer.at("score-delay")).to_contain_text("0.8 s")
    expect(viewer.page.locator('[data-testid="injection"][data-verdict="quiet"]')).to_have_count(1)


def test_without_a_simulation_its_controls_are_not_there(viewer: Viewer) -> None:
    viewer.fake.simulated = False
    viewer.open()
    expect(viewer.at("truth-toggle")).to_be_hidden()


def test_a_hidden_tab_draws_nothing_and_keeps_every_value(viewer: Viewer) -> None:
    viewer.page.add_init_script(
        "window.__hide = false; Object.defineProperty(document, 'hidden', { get: () => window.__hide });"
    )
    viewer.open()
    viewer.wait("spy.frames > 10")
    turn = "(hide) => { window.__hide = hide; document.dispatchEvent(new Event('visibilitychange')); }"
    viewer.page.evaluate(turn, True)
    viewer.wait("spy.frames > 12")
    draws, frames = viewer.spy("draws"), viewer.spy("frames")
    viewer.wait(f"spy.frames > {frames + 40}")
    assert viewer.spy("draws") - draws <= 1
    viewer.fake.market.forward = 601.0
    viewer.wait(f"spy.frames > {viewer.spy('frames') + 3}")
    viewer.page.evaluate(turn, False)
    expect(viewer.at("row-601")).to_have_attribute("aria-current", "true")
    assert viewer.spy("missingSeq") == 0


def test_scrolled_back_it_stays_there_and_nothing_is_lost(viewer: Viewer) -> None:
    viewer.open()
    viewer.page.locator(".chart-panel .plots").focus()
    viewer.page.keyboard.press("ArrowLeft")
    expect(viewer.at("chart-live")).to_have_attribute("aria-pressed", "false")
    before = viewer.at("scrollback").input_value()
    seq = viewer.spy("lastSeq")
    viewer.wait(f"spy.lastSeq > {seq + 3}")
    assert viewer.at("scrollback").input_value() == before
    viewer.at("chart-live").click()
    expect(viewer.at("chart-live")).to_have_attribute("aria-pressed", "true", timeout=WAIT_MS)


CONTRAST = """() => {
  const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number);
    return text.startsWith('color(') ? [n[0]*255, n[1]*255, n[2]*255, n[3] ?? 1] : [n[0], n[1], n[2], n[3] ?? 1]; };
  const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const linear = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (c) => { const [r, g, b] = c.map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (element) => { const layers = [];
    for (let each = element; each; each = each.parentElement) {
      layers.push(parse(getComputedStyle(each).backgroundColor));
    }
    return layers.reverse().reduce((under, layer) => over(layer, under), [0, 0, 0, 1]); };
  const low = [];
  for (const element of document.querySelectorAll('#page *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || element.closest('.watermark, .hidden, .skip, option, [hidden]')) continue;
    const back = ground(element);
    const [a, b] = [light(over(parse(getComputedStyle(element).color), back)), light(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const name = element.dataset.testid ?? element.className;
    if (ratio < 4.5) low.push(`${name} ${element.textContent} ${ratio.toFixed(2)}`);
  }
  return low;
}"""
