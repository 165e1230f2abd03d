"""Examples of the OpenAPI document, made from the models themselves, so that they are always valid."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from apps.contracts import api
from apps.contracts.anomalies import Anomaly, Leg, ReasonGiven, Times, Worth, anomaly_id
from apps.contracts.base import Model
from apps.contracts.enums import (
    Action,
    DataState,
    DisplayPolicy,
    EpisodeStatus,
    ErrorCode,
    FeedState,
    Kind,
    MarketState,
    OptionType,
    Reason,
    Role,
    Severity,
    Side,
    SmileQuality,
    Source,
)
from apps.contracts.events import (
    AnomalyEvent,
    Decision,
    Flow,
    Gamma,
    GammaStrike,
    Market,
    Signal,
    Smile,
    SmilePoint,
    Status,
    Stream,
)
from apps.contracts.frames import Cell, Frame
from apps.contracts.scores import ScoreBy, ScoreGroup, ScoreInstant, ScoresAnswer

AT: Final = datetime(2025, 5, 19, 14, 5, tzinfo=UTC)
DAY: Final = "2025-05-19"
WALL: Final = 1_747_663_500_000.0
STREAM: Final = Stream(source=Source.SIMULATED, run="20261121T063000ab12", symbol="SPY", day=DAY, epoch=1)
LEG: Final = Leg(option_type=OptionType.CALL, strike=597, side=Side.BUY, bid=0.50, ask=0.52, bid_size=120, ask_size=85)

ANOMALY: Final = Anomaly(
    id=anomaly_id(
        source=STREAM.source,
        run=STREAM.run,
        day=DAY,
        symbol="SPY",
        expiry=DAY,
        strike=597,
        option_type=OptionType.CALL,
        kind=Kind.RESIDUAL,
        episode=1,
    ),
    source=STREAM.source,
    run=STREAM.run,
    day=DAY,
    symbol="SPY",
    expiry=DAY,
    kind=Kind.RESIDUAL,
    strike=597,
    option_type=OptionType.CALL,
    episode=1,
    status=EpisodeStatus.OPEN,
    severity=Severity.LOW,
    highest_severity=Severity.LOW,
    state=MarketState.NORMAL,
    timestamp=AT,
    opened_at=AT,
    bid=0.50,
    ask=0.52,
    fair=0.54,
    z=-4.1,
    worth=Worth(edge_touch=0.02, edge_net=-0.003, size=85, worth_usd=-25.5, worth_usd_one=-0.3),
    legs=(LEG,),
    reasons=(ReasonGiven(code=Reason.Z_SCORE, value=-4.1, limit=3.5),),
    times=Times(t_recv=WALL, t_detect=WALL + 1, t_publish=WALL + 2),
)
EVENT: Final = AnomalyEvent(seq=1, market_time=AT, t_publish=WALL + 2, body=ANOMALY)
CELL: Final = Cell(
    strike=597,
    right="C",
    bid=0.50,
    ask=0.52,
    bid_size=120,
    ask_size=85,
    last=0.51,
    iv=0.118,
    bid_iv=0.117,
    ask_iv=0.119,
    fair_iv=0.121,
    delta=0.22,
    volume=10_432,
    open_interest=8_120,
    fair=0.54,
    deviation=-0.03,
    z=-4.1,
    flags=0,
    severity=Severity.LOW,
    age=0.2,
)
FRAME: Final = Frame(
    **STREAM.model_dump(),
    frame=1,
    as_of_seq=1,
    market_time=AT,
    t_recv=WALL,
    t_detect=WALL + 1,
    t_publish=WALL + 2,
    state=MarketState.NORMAL,
    data=DataState.LIVE,
    data_age=0.1,
    smile=SmileQuality.GOOD,
    expiry=DAY,
    seconds_to_expiry=21_300,
    beat=0.05,
    spot=594.02,
    forward=594.0,
    atm_vol=0.12,
    strike_low=582,
    strike_high=606,
    cells=[CELL],
)
STATUS: Final = Status(
    state=MarketState.NORMAL,
    data=DataState.LIVE,
    feed=FeedState.CONNECTED,
    ibkr_connected=True,
    data_age_seconds=0.1,
    expiry=DAY,
    smile=SmileQuality.GOOD,
)
SIGNAL: Final = Signal(
    signal_id=ANOMALY.id,
    source=STREAM.source,
    epoch=1,
    timestamp=AT,
    action=Action.BUY,
    symbol="SPY",
    legs=[LEG],
    fair=0.54,
    edge_net=0.012,
    reason="597 call 3 half-spreads below its fair",
    confidence=0.7,
    valid_until=AT,
)
DECISION: Final = Decision(
    decision_id="d-1",
    signal_id=SIGNAL.signal_id,
    timestamp=AT,
    accepted=False,
    rule="expired",
    text="The signal had expired when it was read",
    source=STREAM.source,
)
MARKET: Final = Market(price=594.02, forward=594.0, atm_vol=0.12, state=MarketState.NORMAL)
FLOW: Final = Flow(cum_call_flow=1_250_000, cum_put_flow=830_000, net_flow=420_000, spy_price=594.02)
EXTERNAL: Final = api.ExternalAnomaly(
    timestamp=1_747_663_500,
    strike=597,
    option_type=OptionType.CALL,
    bid=0.50,
    ask=0.52,
    mid_price=0.51,
    expected_price=0.54,
    deviation_percent=-5.6,
    volume=10_432,
    open_interest=8_120,
    severity=Severity.LOW,
)

SCORED: Final = ScoreGroup(
    group=Kind.RESIDUAL,
    episodes=14,
    scored=12,
    unscored=2,
    moved_quote=9,
    moved_fair=1,
    moved_neither=2,
    instants=[
        ScoreInstant(
            after_seconds=1,
            executable_known=12,
            executable=8,
            edge_known=12,
            edge_net=0.011,
            hedged_known=12,
            in_favour=9,
            hedged_mid=0.006,
        )
    ],
)

ANSWERS: Final[dict[type[Model], Model]] = {
    type(model): model
    for model in (
        api.Health(
            service="backend",
            version="0.1.0",
            ibkr_connected=True,
            data_age_seconds=0.1,
            data=DataState.LIVE,
        ),
        api.Ready(ready=True, role="backend"),
        api.IngestRequest(**STREAM.model_dump(), first_seq=1, events=[EVENT], frame=FRAME),
        api.IngestAnswer(acked_seq=1),
        api.ExternalAnomalies(count=1, anomalies=[EXTERNAL]),
        api.ExternalAccepted(count=1),
        api.AnomalyPage(count=1, anomalies=[ANOMALY], last_scan=AT),
        api.EventPage(stream=STREAM, newest_epoch=1, last_seq=1, events=[EVENT]),
        api.Snapshot(
            stream=STREAM,
            seq=1,
            frame=1,
            t_server=WALL + 5,
            header=FRAME.model_copy(update={"cells": []}),
            cells=[CELL],
            status=STATUS,
            anomalies=[ANOMALY],
            gaps=[],
            policy=DisplayPolicy.OWNER,
            watermark=Source.SIMULATED,
        ),
        api.ChainAnswer(symbol="SPY", expiry=DAY, market_time=AT, data=DataState.LIVE, chains=[CELL]),
        api.SignalPage(signals=[SIGNAL]),
        DECISION,
        api.DecisionPage(decisions=[DECISION]),
        api.HistoryAnswer(
            stream=STREAM,
            market=[api.TimedMarket(market_time=AT, market=MARKET)],
            flow=[api.TimedFlow(market_time=AT, flow=FLOW)],
            gaps=[],
        ),
        api.FlowAnswer(count=1, history=[api.TimedFlow(market_time=AT, flow=FLOW)]),
        api.GammaAnswer(market_time=AT, gamma=Gamma(net_gex=2.1e8, strikes=[GammaStrike(strike=595, gex=2.1e8)])),
        api.SmileAnswer(
            market_time=AT,
            smile=Smile(
                quality=SmileQuality.GOOD,
                forward=594.0,
                atm_vol=0.12,
                degree=3,
                share_inside=0.96,
                points=[SmilePoint(strike=597, option_type=OptionType.CALL, bid_iv=0.117, ask_iv=0.119, fair_iv=0.121)],
            ),
        ),
        api.CalendarAnswer(
            market_time=AT,
            t_server=WALL,
            rate=1,
            ends_at=datetime(2025, 5, 19, 20, 15, tzinfo=UTC),
            state=MarketState.NORMAL,
            session=DAY,
            next_open_utc=datetime(2025, 5, 20, 13, 30, tzinfo=UTC),
            days=[
                api.CalendarDay(
                    day=DAY,
                    open_utc=datetime(2025, 5, 19, 13, 30, tzinfo=UTC),
                    close_utc=datetime(2025, 5, 19, 20, 0, tzinfo=UTC),
                    option_cutoff_utc=datetime(2025, 5, 19, 20, 15, tzinfo=UTC),
                )
            ],
        ),
        api.ClockRequest(rate=10),
        api.ClockAnswer(
            rate=10,
            market_time=AT,
            t_wall=WALL,
            ends_at=datetime(2025, 5, 19, 20, 15, tzinfo=UTC),
            session=DAY,
            version=2,
        ),
        api.SimulationScore(
            injected=3,
            found=2,
            missed=0,
            pending=1,
            false=0,
            delay_p50_seconds=0.6,
            delay_p95_seconds=1.1,
            market_time=AT,
            injections=[],
            false_ids=[],
        ),
        api.TokenRequest(grant_type="local"),
        api.TokenAnswer(access_token="eyJ...", expires_in=3600, roles=[Role.OPERATOR, Role.OWNER, Role.VIEWER]),  # noqa: S106
        api.NegotiateAnswer(
            url="http://127.0.0.1:8000/client/?hub=spyoptions",
            accessToken="eyJ...",
        ),
        api.SettingsAnswer(version="0.1.0", simulated=True, login="local", policy=DisplayPolicy.OWNER),
        ScoresAnswer(stream=STREAM, day=DAY, by=ScoreBy.KIND, complete=True, groups=[SCORED]),
    )
}


def example(model: type[Model]) -> Any:
    """The model's example as JSON values."""
    return ANSWERS[model].model_dump(mode="json")


def request_example(model: type[Model]) -> Any:
    """The same as a sender writes it: without what the receiver computes."""
    return ANSWERS[model].model_dump(mode="json", round_trip=True)


def error_example(code: ErrorCode, message: str) -> Any:
    """One error answer."""
    answer = api.ErrorAnswer(error=api.ErrorBody(code=code, message=message))
    return answer.model_dump(mode="json", exclude_none=True)
