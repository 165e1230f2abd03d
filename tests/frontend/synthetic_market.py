"""A made-up market for tests of the page: every payload goes through the contract's own models. Measures nothing."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import NormalDist
from typing import Any

from apps.contracts.anomalies import Anomaly, Leg, ReasonGiven, Times, Worth, anomaly_id
from apps.contracts.enums import (
    CloseReason,
    DataState,
    EpisodeStatus,
    FeedState,
    Flag,
    Kind,
    MarketState,
    OptionType,
    Reason,
    Severity,
    Side,
    SmileQuality,
    Source,
    StorageState,
)
from apps.contracts.events import (
    AnomalyEvent,
    Event,
    Flow,
    FlowEvent,
    Gap,
    GapEvent,
    Market,
    MarketEvent,
    Status,
    StatusEvent,
    Stream,
)
from apps.contracts.frames import Cell, Frame, QuoteFlag

NORMAL = NormalDist()
START = datetime(2025, 5, 19, 14, 5, tzinfo=UTC)
CLOSE = datetime(2025, 5, 19, 20, 0, tzinfo=UTC)
DAY = "2025-05-19"


def black(forward: float, strike: float, vol: float, years: float, *, call: bool) -> float:
    """Undiscounted Black 1976, dollars per share."""
    deviation = vol * math.sqrt(years)
    d1 = math.log(forward / strike) / deviation + deviation / 2
    value = forward * NORMAL.cdf(d1) - strike * NORMAL.cdf(d1 - deviation)
    return max(0.0, value if call else value - forward + strike)


@dataclass
class SyntheticMarket:
    """One day of one run; `beat()` moves it on and makes the next frame, `sample()` the next durable events."""

    seed: int = 7
    run: str = "run-1"
    epoch: int = 1
    source: Source = Source.SIMULATED
    low: int = 574
    high: int = 614
    rate: float = 1.0
    state: MarketState = MarketState.NORMAL
    data: DataState = DataState.LIVE
    quality: SmileQuality = SmileQuality.GOOD
    storage: StorageState = StorageState.OK
    forward: float = 594.12
    frame_number: int = 0
    seq: int = 0
    elapsed: float = 0.0
    events: list[Event] = field(default_factory=list)
    anomalies: dict[str, Anomaly] = field(default_factory=dict)
    flow: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.volumes = {(s, r): int(4000 * math.exp(-abs(s - 594) / 6)) for s in self.strikes for r in "CP"}
        self.opened_wall = time.time()

    @property
    def strikes(self) -> range:
        return range(self.low, self.high + 1)

    @property
    def stream(self) -> Stream:
        return Stream(source=self.source, run=self.run, symbol="SPY", day=DAY, epoch=self.epoch)

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.elapsed)

    def vol(self, strike: float) -> float:
        x = math.log(strike / self.forward) * 60
        return 0.13 * (1 - 0.06 * x + 0.05 * x * x)

    def cell(self, strike: int, right: str) -> Cell:
        """A contract's quote: a tick wide near nothing, wider in the money."""
        years = max(60.0, (CLOSE - self.now).total_seconds()) / (365 * 86400)
        vol = self.vol(strike)
        fair = black(self.forward, strike, vol, years, call=right == "C")
        half = 0.005 + 0.01 * round(fair**0.5)
        mid = fair + self.random.uniform(-0.2, 0.2) * half
        bid, ask = max(0.0, round(mid - half, 2)), round(mid + half, 2)
        volume = self.volumes[strike, right]
        flags = QuoteFlag.ZERO_BID if bid == 0 else QuoteFlag.NONE
        if right == "C" and strike == 596 and self.anomalies:
            flags |= QuoteFlag.OUTLIER
        d1 = math.log(self.forward / strike) / (vol * math.sqrt(years))
        delta = NORMAL.cdf(d1) - (0.0 if right == "C" else 1.0)
        wing = 0.004 + 0.05 * (abs(strike - self.forward) / 20) ** 2
        return Cell(
            float(strike),
            right,
            bid,
            ask,
            self.random.randint(1, 400),
            self.random.randint(1, 400),
            round(mid, 2) if volume > 200 else None,
            round(vol + 0.001, 4),
            round(max(0.01, vol - wing), 4),
            round(vol + wing, 4),
            round(vol, 4),
            round(delta, 3),
            volume,
            volume * 3,
            round(fair, 4),
            round((bid + ask) / 2 - fair, 4),
            0.4,
            int(flags),
            None,
            0.1,
        )

    def cells(self) -> list[Cell]:
        return [self.cell(strike, right) for strike in self.strikes for right in "CP"]

    def header(self, cells: list[Cell]) -> Frame:
        stamp = time.time() * 1000
        return Frame(
            **self.stream.model_dump(),
            frame=max(1, self.frame_number),
            as_of_seq=self.seq,
            market_time=self.now,
            t_recv=stamp,
            t_detect=stamp,
            t_publish=stamp,
            state=self.state,
            data=self.data,
            data_age=0.1,
            storage=self.storage,
            smile=self.quality,
            expiry=DAY,
            seconds_to_expiry=(CLOSE - self.now).total_seconds(),
            beat=0.05,
            rate=self.rate,
            spot=round(self.forward - 0.05, 2),
            forward=round(self.forward, 2),
            atm_vol=self.vol(self.forward),
            strike_low=float(self.low),
            strike_high=float(self.high),
            cells=cells,
        )

    def beat(self, seconds: float = 0.05, cells: int = 9) -> Frame:
        """Move on by wall `seconds` and send some cells."""
        self.elapsed += seconds * self.rate
        self.forward += self.random.gauss(0, 0.012)
        chosen = self.random.sample([(s, r) for s in self.strikes for r in "CP"], cells)
        for key in chosen[:3]:
            self.volumes[key] += self.random.randint(1, 40)
        self.frame_number += 1
        return self.header([self.cell(*key) for key in chosen])

    def add(self, make: Any, **body: Any) -> Event:
        """Append one durable event."""
        self.seq += 1
        event: Event = make(seq=self.seq, market_time=self.now, t_publish=time.time() * 1000, **body)
        self.events.append(event)
        return event

    def sample(self) -> list[Event]:
        """Market, flow and status, as they come every few seconds."""
        self.flow[0] += self.random.gauss(20_000, 90_000)
        self.flow[1] += self.random.gauss(-15_000, 90_000)
        return [
            self.add(
                MarketEvent,
                body=Market(
                    price=round(self.forward - 0.05, 2),
                    forward=round(self.forward, 2),
                    previous_close=592.85,
                    atm_vol=0.13,
                    state=self.state,
                ),
            ),
            self.add(
                FlowEvent,
                body=Flow(
                    cum_call_flow=self.flow[0],
                    cum_put_flow=self.flow[1],
                    net_flow=sum(self.flow),
                    spy_price=round(self.forward, 2),
                ),
            ),
            self.add(StatusEvent, body=self.status()),
        ]

    def status(self) -> Status:
        feed = FeedState.RECONNECTING if self.data is DataState.NO_GATEWAY else FeedState.CONNECTED
        return Status(
            state=self.state,
            data=self.data,
            feed=feed,
            ibkr_connected=feed is FeedState.CONNECTED,
            data_age_seconds=0.1,
            expiry=DAY,
            smile=self.quality,
            strikes_subscribed=41,
            lines_used=83,
            lines_budget=100,
            labels=("CALIBRATED", "ASSUMED-SIZES"),
        )

    def gap(self, started: datetime, ended: datetime | None) -> Event:
        return self.add(GapEvent, body=Gap(started_at=started, ended_at=ended, reason="no_gateway"))

    def open(self, kind: Kind, strike: int, severity: Severity, *, right: OptionType = OptionType.CALL) -> Event:
        """Open an anomaly with everything a reader would want to know."""
        fair = 1.42
        bid, ask = 1.28, 1.31
        legs: tuple[Leg, ...] = ()
        if kind is Kind.VERTICAL:
            legs = (
                Leg(option_type=right, strike=strike, side=Side.BUY, bid=1.28, ask=1.31, bid_size=40, ask_size=22),
                Leg(option_type=right, strike=strike + 1, side=Side.SELL, bid=1.36, ask=1.40, bid_size=18, ask_size=30),
            )
        identity = {
            "source": self.source,
            "run": self.run,
            "day": DAY,
            "symbol": "SPY",
            "expiry": DAY,
            "strike": strike,
            "option_type": right,
            "kind": kind,
            "episode": 1,
        }
        anomaly = Anomaly(
            id=anomaly_id(**identity),
            **identity,
            status=EpisodeStatus.OPEN,
            severity=severity,
            highest_severity=severity,
            state=self.state,
            timestamp=self.now,
            opened_at=self.now,
            bid=bid,
            ask=ask,
            fair=fair,
            iv=0.121,
            fair_iv=0.13,
            delta=0.38,
            z=-4.6,
            z_temporal=-5.1,
            outside=0.11,
            half_spread=0.015,
            volume=1200,
            open_interest=3400,
            worth=Worth(edge_touch=0.11, edge_net=0.083, size=18, worth_usd=149.4, worth_usd_one=8.3),
            legs=legs,
            reasons=(
                ReasonGiven(code=Reason.Z_SCORE, value=-4.6, limit=3.5),
                ReasonGiven(code=Reason.OUTSIDE_QUOTE, value=2.4, limit=1.0),
                ReasonGiven(code=Reason.CAP_WORTH, value=149.4, limit=5.0),
            ),
            flags=(Flag.AMERICAN, Flag.CROSS_EXCHANGE),
            times=Times(t_recv=1.0, t_detect=2.0),
            quote_age_seconds=0.2,
        )
        self.anomalies[anomaly.id] = anomaly
        return self.add(AnomalyEvent, body=anomaly)

    def close(self, identity: str) -> Event:
        closed = self.anomalies[identity].model_copy(
            update={
                "status": EpisodeStatus.CLOSED,
                "close_reason": CloseReason.REVERTED,
                "closed_at": self.now,
                "timestamp": self.now,
            }
        )
        self.anomalies[identity] = closed
        return self.add(
            AnomalyEvent,
            body=Anomaly.model_validate(
                closed.model_dump(exclude={"mid_price", "expected_price", "deviation_percent"})
            ),
        )
