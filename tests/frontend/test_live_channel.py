"""The page's live channel under faults: drops, quota, blocked sockets, silence, new runs. Nothing is lost."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from apps.contracts.enums import DataState, Kind, OptionType, Severity
from apps.contracts.live import record
from apps.contracts.names import Target
from tests.frontend.conftest import WAIT_MS, Viewer
from tests.frontend.synthetic_market import START, SyntheticMarket


def bands(viewer: Viewer, kind: str) -> list[str]:
    """The states of the gaps of one kind, newest first."""
    gaps = viewer.page.locator(f'[data-testid="gap-list"] > [data-kind="{kind}"]')
    return gaps.evaluate_all("(items) => items.map((item) => item.dataset.state)")


def test_an_anomaly_sent_while_the_socket_was_down_appears_and_the_gap_is_drawn_then_filled(viewer: Viewer) -> None:
    viewer.open()
    fake = viewer.fake
    fake.refuse_sockets = True
    fake.drop()
    expect(viewer.at("connection-state")).to_have_attribute("data-state", "reconnecting")
    assert bands(viewer, "channel") == ["open"]
    fake.emit(fake.market.open(Kind.RESIDUAL, 596, Severity.HIGH), *fake.market.sample())
    expect(viewer.at("anomaly-row")).to_have_count(0)
    fake.refuse_sockets = False
    expect(viewer.at("connection-state")).to_have_attribute("data-state", "live", timeout=WAIT_MS)
    expect(viewer.at("anomaly-row")).to_have_count(1)
    expect(viewer.page.locator('[data-kind="channel"][data-state="filled"]')).to_have_count(1)
    viewer.wait("spy.missingSeq === 0 && spy.backfilled >= 4")
    assert viewer.spy("contiguousSeq") == fake.market.seq


def test_while_the_server_takes_nobody_the_page_waits_without_an_error_in_the_console(viewer: Viewer) -> None:
    viewer.open()
    fake, noise = viewer.fake, []
    viewer.page.on("console", lambda message: noise.append(message.text) if message.type == "error" else None)
    fake.refuse_sockets, fake.channel_open = True, False
    asked = len(fake.negotiations)
    fake.drop()
    expect(viewer.at("connection-state")).to_have_attribute("data-state", "reconnecting")
    with viewer.page.expect_response("**/api/settings"):
        pass  # the second attempt at least
    fake.refuse_sockets, fake.channel_open = False, True
    expect(viewer.at("connection-state")).to_have_attribute("data-state", "live", timeout=WAIT_MS)
    assert len(fake.negotiations) == asked + 1
    assert [text for text in noise if "503" in text] == []


def test_a_gap_of_the_gateway_stays_marked_as_no_data(viewer: Viewer) -> None:
    viewer.open()
    market = viewer.fake.market
    viewer.fake.emit(market.gap(START + timedelta(seconds=60), None))
    expect(viewer.page.locator('[data-kind="gateway"][data-state="open"]')).to_have_count(1)
    viewer.fake.emit(market.gap(START + timedelta(seconds=60), START + timedelta(seconds=65)))
    expect(viewer.page.locator('[data-kind="gateway"][data-state="closed"]')).to_have_count(1)
    viewer.fake.drop()
    viewer.wait("spy.connects === 2")
    expect(viewer.page.locator('[data-kind="channel"][data-state="filled"]')).to_have_count(1)
    assert bands(viewer, "gateway") == ["closed"]


def test_every_connect_brings_a_fresh_token(viewer: Viewer) -> None:
    viewer.open()
    for connects in (2, 3):
        viewer.fake.drop()
        viewer.wait(f"spy.connects === {connects}")
    used = viewer.fake.negotiations
    assert len(set(used)) == len(used) >= 3
    assert all(header.startswith("Bearer token-") for header in used)


def test_events_lost_on_the_way_are_fetched_at_once(viewer: Viewer) -> None:
    viewer.open()
    market = viewer.fake.market
    for strike in (590, 591, 592):
        market.open(Kind.RESIDUAL, strike, Severity.LOW, right=OptionType.PUT)
    viewer.fake.emit(market.open(Kind.RESIDUAL, 593, Severity.LOW, right=OptionType.PUT))
    expect(viewer.at("anomaly-row")).to_have_count(4)
    viewer.wait("spy.missingSeq === 0")


def test_a_spent_quota_turns_it_to_polling_and_says_so(viewer: Viewer) -> None:
    viewer.open()
    viewer.fake.drop(quota=True)
    expect(viewer.at("connection-state")).to_have_attribute("data-state", "polling")
    expect(viewer.at("connection-state")).to_contain_text("quota")
    viewer.fake.market.open(Kind.RESIDUAL, 596, Severity.HIGH)
    expect(viewer.at("anomaly-row")).to_have_count(1)
    expect(viewer.at("data-badge")).to_have_text("Data live")


def test_a_blocked_socket_turns_it_to_polling(viewer: Viewer) -> None:
    """A policy without the socket's address makes the client's start hang; the watchdog ends that."""
    viewer.fake.connect_sources = viewer.fake.url
    viewer.open(until="polling")
    viewer.fake.market.open(Kind.RESIDUAL, 596, Severity.HIGH)
    expect(viewer.at("anomaly-row")).to_have_count(1)
    expect(viewer.at("cell-C-594-bid")).not_to_have_text("—")


def test_beats_without_live_data_leave_nothing_fresh(viewer: Viewer) -> None:
    viewer.open()
    chips = ("chain-age", "smile-age", "anomaly-age", "chart-age")
    expect(viewer.at("chain-age")).to_have_attribute("data-level", "fresh")
    viewer.fake.market.data = DataState.NO_GATEWAY
    for chip in chips:
        expect(viewer.at(chip)).to_have_attribute("data-level", "old")
    viewer.fake.market.data = DataState.LIVE
    expect(viewer.at("chain-age")).to_have_attribute("data-level", "fresh")


def test_when_the_publisher_stops_nothing_is_called_live(viewer: Viewer) -> None:
    viewer.open()
    expect(viewer.at("chain-age")).to_have_attribute("data-level", "fresh")
    viewer.fake.rest()
    expect(viewer.at("chain-age")).to_have_attribute("data-level", "late")
    expect(viewer.at("data-badge")).to_have_attribute("data-state", "stale", timeout=WAIT_MS)
    expect(viewer.at("chain-age")).to_have_attribute("data-level", "old")
    expect(viewer.at("connection-state")).to_have_attribute("data-state", "live")


def test_with_the_whole_backend_away_it_says_offline_and_comes_back_by_itself(viewer: Viewer) -> None:
    viewer.open()
    fake = viewer.fake
    fake.refuse_reads = fake.refuse_sockets = True
    fake.drop()
    expect(viewer.at("connection-state")).to_have_attribute("data-state", "offline")
    fake.refuse_reads = fake.refuse_sockets = False
    viewer.page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(viewer.at("connection-state")).to_have_attribute("data-state", "live", timeout=WAIT_MS)
    expect(viewer.page.locator('[data-kind="channel"][data-state="filled"]')).to_have_count(1)


def test_a_new_run_starts_from_nothing(viewer: Viewer) -> None:
    viewer.open()
    viewer.fake.emit(viewer.fake.market.open(Kind.RESIDUAL, 596, Severity.HIGH))
    expect(viewer.at("anomaly-row")).to_have_count(1)
    viewer.fake.market = SyntheticMarket(run="run-2", seed=11)
    expect(viewer.at("anomaly-row")).to_have_count(0)
    viewer.wait("spy.missingSeq === 0")
    expect(viewer.at("data-badge")).to_have_text("Data live")


def test_a_burst_of_a_thousand_messages_is_taken_whole_and_drawn_once_a_display_frame(viewer: Viewer) -> None:
    viewer.open()
    fake = viewer.fake
    fake.rest()
    frames = viewer.spy("frames")
    draws = viewer.spy("draws")

    first = fake.market.beat(0.001, 60)
    text = first.model_copy(update={"frame": 123_456_789}).model_dump_json()
    payloads = [text.replace("123456789", str(first.frame + number)) for number in range(2_000)]
    fake.market.frame_number = first.frame + 1_999

    async def burst() -> None:
        for payload in payloads:
            await fake.send(record(Target.FRAME, payload))

    fake.run(burst())
    viewer.wait(f"spy.frames >= {frames + 2_000}")
    assert viewer.spy("lastFrame") == fake.market.frame_number
    assert viewer.spy("skippedFrames") <= 1
    assert viewer.spy("draws") - draws < 1_000
    assert viewer.spy("rejected") == 0
