"""The display policy: per role, in every answer and on the live channel, nobody sees more than they may."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.backend.examples import ANOMALY, DECISION, FLOW, LEG, MARKET, SIGNAL, STATUS
from apps.backend.policy import Audience, audience_of, derived_cell, derived_event, derived_frame
from apps.contracts.anomalies import Markout, ReasonGiven, Score
from apps.contracts.enums import DisplayPolicy, Mover, Reason, Role
from apps.contracts.events import (
    EVENT_ADAPTER,
    AnomalyEvent,
    Event,
    FlowEvent,
    Gamma,
    GammaEvent,
    GammaStrike,
    MarketEvent,
    SignalEvent,
    Smile,
    SmileEvent,
    SmilePoint,
    StatusEvent,
)
from tests.backend.live_client import open_channel
from tests.backend.running import Running, request_of, running, stream
from tests.contracts.builders import MARKET_TIME, make_anomaly_event, make_cell, make_frame

SECRET = 7_123_457
"""A number that stands for every quote; whoever may not see quotes may not see it anywhere."""
S = SECRET / 1e4
READS = (
    "/api/snapshot",
    "/api/events",
    "/anomalies",
    "/options/chain",
    "/signals",
    "/api/smile",
    "/api/gamma",
    "/api/flow",
    "/api/history",
    "/scores",
)
LEAKS = ("712.3457", "7123457", "71234")


def secret_events(t_publish: float = 3.0) -> list[Event]:
    """One event of every kind with the secret number in every place that could hold a quote."""
    at: dict[str, Any] = {"market_time": MARKET_TIME, "t_publish": t_publish}
    leg = LEG.model_copy(update={"bid": S, "ask": S, "bid_size": SECRET, "ask_size": SECRET})
    worth = ANOMALY.worth.model_copy(  # type: ignore[union-attr]
        update={"edge_touch": S, "edge_net": S, "size": SECRET, "worth_usd": S, "worth_usd_one": S}
    )
    mark = Markout(after_seconds=1, executable=True, edge_net=S, hedged_mid=S)
    anomaly = make_anomaly_event(1).body.model_copy(
        update={
            **dict.fromkeys(("bid", "ask", "fair", "outside", "half_spread"), S),
            **dict.fromkeys(("iv", "fair_iv"), S / 100),
            "volume": SECRET,
            "worth": worth,
            "legs": (leg,),
            "reasons": (ReasonGiven(code=Reason.NET_EDGE, value=S, limit=S),),
            "score": Score(markouts=[mark], moved=Mover.QUOTE),
        }
    )
    point = SmilePoint(strike=594, option_type="CALL", bid_iv=S / 100, ask_iv=S / 100, fair_iv=S / 100)
    market = MARKET.model_copy(
        update={**dict.fromkeys(("price", "bid", "ask", "last", "forward", "previous_close"), S), "volume": SECRET}
    )
    signal = SIGNAL.model_copy(
        update={"legs": [leg], "fair": S, "edge_net": S, "reason": f"ask {S} below fair", "epoch": 1}
    )
    return [
        AnomalyEvent(seq=1, body=anomaly, **at),
        SignalEvent(seq=2, body=signal, **at),
        StatusEvent(seq=3, body=STATUS.model_copy(update={"message": f"last was {S}"}), **at),
        MarketEvent(seq=4, body=market, **at),
        FlowEvent(seq=5, body=FLOW.model_copy(update={"spy_price": S}), **at),
        GammaEvent(seq=6, body=Gamma(net_gex=1, strikes=[GammaStrike(strike=594, gex=S)]), **at),
        SmileEvent(seq=7, body=Smile(quality="good", forward=S, atm_vol=0.12, points=[point]), **at),
    ]


def secret_frame(number: int = 1, t_publish: float = 3.0) -> Any:
    """The same of a frame."""
    prices = dict.fromkeys(("bid", "ask", "last", "fair", "deviation"), S)
    vols = dict.fromkeys(("iv", "bid_iv", "ask_iv", "fair_iv"), S / 100)
    cell = make_cell(**prices, **vols, bid_size=SECRET, ask_size=SECRET, volume=SECRET, open_interest=SECRET)
    spot = dict.fromkeys(("spot", "spot_bid", "spot_ask", "forward"), S)
    return make_frame(number, cells=[cell], t_publish=t_publish, **spot)


def leaks(text: str) -> bool:
    """The secret number is in it, in any of its forms."""
    return any(form in text for form in (*LEAKS, str(S / 100)))


async def _publish(here: Running, t_publish: float = 3.0) -> None:
    answer = await here.ingest(request_of(secret_events(t_publish), 1, stream(), secret_frame(1, t_publish)))
    assert answer.json() == {"acked_seq": 7}


@pytest.mark.parametrize(
    ("policy", "roles", "audience"),
    [
        ("owner", {Role.OWNER}, Audience.FULL),
        ("owner", {Role.VIEWER}, Audience.DERIVED),
        ("owner", {Role.OPERATOR, Role.VIEWER}, Audience.DERIVED),
        ("delayed", {Role.OWNER, Role.VIEWER}, Audience.FULL),
        ("delayed", {Role.VIEWER}, Audience.DELAYED),
        ("derived", {Role.OWNER}, Audience.DERIVED),
        ("derived", {Role.VIEWER}, Audience.DERIVED),
    ],
)
def test_who_is_in_which_audience(policy: str, roles: set[Role], audience: Audience) -> None:
    assert audience_of(roles, DisplayPolicy(policy)) is audience


async def test_the_owner_sees_the_quotes_everywhere(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        await _publish(here)
        for path in READS:
            assert leaks(json.dumps(await here.read(path))), path


@pytest.mark.parametrize(("policy", "roles"), [("owner", (Role.VIEWER,)), ("derived", (Role.VIEWER, Role.OWNER))])
async def test_the_derived_audience_sees_no_quote_anywhere(
    tmp_path: Path, policy: str, roles: tuple[Role, ...]
) -> None:
    async with running(tmp_path, display_policy=policy) as here:
        channel = await open_channel(here, *roles)
        await _publish(here)
        live = [await channel.next_of() for _ in range(8)]
        await channel.socket.close()
        for path in READS:
            answer = await here.read(path, *roles)
            assert not leaks(json.dumps(answer)), path
        events = (await here.read("/api/events", *roles))["events"]
    assert not leaks(json.dumps(live))
    assert [event["seq"] for event in events] == [1, 2, 3, 4, 5, 6, 7], "no hole, though there is less to see"
    assert [message["target"] for message in live][-1] == "frame"


async def test_the_delayed_audience_sees_everything_late_and_nothing_early(tmp_path: Path) -> None:
    viewer = (Role.VIEWER,)
    async with running(tmp_path, display_policy="delayed", display_delay_seconds=1.0) as here:
        late, now = await open_channel(here, *viewer), await open_channel(here, Role.VIEWER, Role.OWNER)
        published = time.time()
        await _publish(here, published * 1000)
        assert (await now.next_of("frame"))["frame"] == 1
        for path in READS:
            assert not leaks(json.dumps(await here.read(path, *viewer))), path
        assert (await here.read("/api/snapshot", *viewer))["seq"] == 0
        targets = [(await late.next_of())["target"] for _ in range(8)]
        assert time.time() - published >= 1.0
        for path in READS:
            assert leaks(json.dumps(await here.read(path, *viewer))), path
        shown = await here.read("/api/snapshot", *viewer)
        for channel in (late, now):
            await channel.socket.close()
    assert targets[-1] == "frame"
    assert (shown["seq"], shown["frame"]) == (7, 1)


@pytest.mark.parametrize("policy", ["owner", "delayed", "derived"])
async def test_a_decisions_text_is_for_the_full_audience_only(tmp_path: Path, policy: str) -> None:
    decision = DECISION.model_copy(update={"text": f"the ask was {S}"}).model_dump(mode="json")
    async with running(tmp_path, display_policy=policy) as here:
        answer = await here.client.post("/api/decisions", json=decision, headers=here.bearer(Role.PUBLISHER))
        assert answer.status_code == 200
        viewer = await here.read("/api/decisions", Role.VIEWER)
        owner = await here.read("/api/decisions", Role.OWNER)
    assert not leaks(json.dumps(viewer))
    assert leaks(json.dumps(owner)) is (policy != "derived")
    assert viewer["decisions"][0]["rule"] == "expired"


async def test_the_delayed_audience_sees_an_anomaly_as_it_was_then(tmp_path: Path) -> None:
    now = time.time() * 1000
    old = make_anomaly_event(1).model_copy(update={"t_publish": now - 60_000})
    new = make_anomaly_event(2, severity="HIGH").model_copy(update={"t_publish": now})
    async with running(tmp_path, display_policy="delayed", display_delay_seconds=30) as here:
        await here.ingest(request_of([old, new], 1, stream()))
        (late,) = (await here.read("/anomalies", Role.VIEWER))["anomalies"]
        (full,) = (await here.read("/anomalies"))["anomalies"]
    assert (late["severity"], full["severity"]) == ("LOW", "HIGH")


async def test_watermarks_say_what_the_data_are(tmp_path: Path) -> None:
    async def mark(folder: str, policy: str, source: str, *roles: Role) -> object:
        async with running(tmp_path / folder, display_policy=policy, source=source) as here:
            return (await here.read("/api/snapshot", *roles))["watermark"]

    for name in "abcd":
        (tmp_path / name).mkdir()
    assert await mark("a", "owner", "live", Role.OWNER) is None
    assert await mark("b", "delayed", "live", Role.VIEWER) == "delayed"
    assert await mark("c", "owner", "simulated", Role.OWNER) == "simulated"
    assert await mark("d", "derived", "live", Role.OWNER) == "live"


@given(st.sampled_from(secret_events()))
def test_a_derived_event_is_still_a_valid_event(event: Event) -> None:
    shown = derived_event(event)
    text = shown.model_dump_json()
    assert EVENT_ADAPTER.validate_json(text) == shown
    assert (shown.seq, shown.type, shown.market_time) == (event.seq, event.type, event.market_time)
    assert not leaks(text)


def test_a_derived_frame_keeps_judgements_and_no_quote() -> None:
    shown = derived_frame(secret_frame())
    assert not leaks(shown.model_dump_json())
    assert shown.cells[0].z == make_cell().z
    cell = derived_cell(make_cell())
    kept = {name for name, value in cell._asdict().items() if value is not None}
    assert kept == {"strike", "right", "z", "flags", "age"}
