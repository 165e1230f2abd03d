"""Request and answer bodies of the HTTP API."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from apps.contracts.anomalies import Anomaly
from apps.contracts.base import (
    Day,
    Model,
    Price,
    RunId,
    Seconds,
    Sequence,
    Strike,
    Symbol,
    Text,
    Token,
    UtcTime,
    Volume,
    WallMs,
)
from apps.contracts.enums import DataState, DisplayPolicy, ErrorCode, MarketState, OptionType, Role, Severity, Source
from apps.contracts.events import Decision, Event, Flow, Gamma, Gap, Market, Signal, Smile, Status, Stream
from apps.contracts.frames import Cell, Frame
from apps.contracts.names import INGEST_EVENTS_MAX


class ErrorBody(Model):
    """What went wrong and what to do. Never internals."""

    code: ErrorCode
    message: Text
    field: Text | None = None
    retry_after_seconds: Seconds | None = None


class ErrorAnswer(Model):
    """The one shape of every error answer."""

    error: ErrorBody


class Health(Model):
    """GET /health. Broker facts come from the detector's last status; unknown is null."""

    status: Literal["ok"] = "ok"
    service: Token
    version: Token
    ibkr_connected: bool | None
    data_age_seconds: Seconds | None
    data: DataState | None


class Ready(Model):
    """GET /ready: able to take its role, and if not, why."""

    ready: bool
    role: Literal["leader", "standby", "backend", "bot"]
    problems: Annotated[tuple[Text, ...], Field(max_length=20)] = ()


class IngestRequest(Model):
    """POST /api/ingest: a run of durable events with consecutive `seq` from `first_seq`, and at most one frame."""

    v: Annotated[int, Field(ge=1, le=1)] = 1
    source: Source
    run: RunId
    symbol: Symbol
    day: Day
    epoch: Sequence
    first_seq: Annotated[int, Field(ge=1, le=2**53 - 1)]
    events: Annotated[list[Event], Field(max_length=INGEST_EVENTS_MAX)]
    frame: Frame | None = None


class IngestAnswer(Model):
    """`acked_seq`: every event of the stream up to here is in the store. A hole is asked again from acked_seq + 1."""

    acked_seq: Sequence


class ExternalAnomaly(Model):
    """A third party's anomaly. The backend gives it an id under source `external`."""

    timestamp: Annotated[int, Field(ge=0, le=4_102_444_800)]
    symbol: Symbol = "SPY"
    strike: Strike
    option_type: OptionType
    bid: Price
    ask: Price
    mid_price: Price
    expected_price: Price
    deviation_percent: Annotated[float, Field(ge=-1e6, le=1e6)]
    volume: Volume
    open_interest: Volume
    severity: Severity


class ExternalAnomalies(Model):
    """POST /anomalies: a third-party batch; `count` must equal the number of anomalies."""

    count: Annotated[int, Field(ge=0, le=500)]
    anomalies: Annotated[list[ExternalAnomaly], Field(max_length=500)]
    last_scan: UtcTime | None = None


class ExternalAccepted(Model):
    """Answer to POST /anomalies."""

    status: Literal["accepted"] = "accepted"
    count: Annotated[int, Field(ge=0, le=500)]


class AnomalyPage(Model):
    """GET /anomalies, newest first. `cursor` null at the end."""

    count: Annotated[int, Field(ge=0, le=1000)]
    anomalies: list[Anomaly]
    last_scan: UtcTime | None
    cursor: Text | None = None


class EventPage(Model):
    """GET /api/events: ascending `seq` after `after`. `newest_epoch` tells a reader of an old epoch to move on."""

    stream: Stream | None
    newest_epoch: Sequence | None
    last_seq: Sequence
    events: list[Event]


class Snapshot(Model):
    """GET /api/snapshot: everything a page needs to start; then live messages with higher numbers apply."""

    stream: Stream | None
    seq: Sequence
    frame: Sequence
    t_server: WallMs
    header: Frame | None
    """The newest frame with its cells emptied; null before the first."""
    cells: list[Cell]
    status: Status | None
    anomalies: list[Anomaly]
    """Every open anomaly, then the newest closed ones, at most 200 in all."""
    gaps: list[Gap]
    policy: DisplayPolicy
    watermark: Source | None
    """Null only for live data shown to its owner."""


class ChainAnswer(Model):
    """GET /options/chain."""

    symbol: Symbol
    expiry: Day | None
    market_time: UtcTime | None
    data: DataState | None
    chains: list[Cell]


class SignalPage(Model):
    """GET /signals, newest first."""

    signals: list[Signal]
    cursor: Text | None = None


class DecisionPage(Model):
    """GET /api/decisions, newest first."""

    decisions: list[Decision]
    cursor: Text | None = None


class TimedMarket(Model):
    """A market sample with its time."""

    market_time: UtcTime
    market: Market


class TimedFlow(Model):
    """A flow sample with its time."""

    market_time: UtcTime
    flow: Flow


class HistoryAnswer(Model):
    """GET /api/history: the day's samples, decimated to `limit`, and its gaps."""

    stream: Stream | None
    market: list[TimedMarket]
    flow: list[TimedFlow]
    gaps: list[Gap]


class FlowAnswer(Model):
    """GET /api/flow: ascending samples."""

    count: Annotated[int, Field(ge=0)]
    history: list[TimedFlow]


class GammaAnswer(Model):
    """GET /api/gamma: the newest, null before the first."""

    market_time: UtcTime | None
    gamma: Gamma | None


class SmileAnswer(Model):
    """GET /api/smile: the newest, null before the first."""

    market_time: UtcTime | None
    smile: Smile | None


class CalendarDay(Model):
    """One exchange day. Times null when closed."""

    day: Day
    open_utc: UtcTime | None
    close_utc: UtcTime | None
    option_cutoff_utc: UtcTime | None
    half_day: bool = False


class CalendarAnswer(Model):
    """GET /api/calendar: the clock the platform runs on, and the days around it."""

    market_time: UtcTime
    t_server: WallMs
    rate: Annotated[float, Field(gt=0, le=1000)]
    ends_at: UtcTime | None = None
    """Where a simulated clock stands still for good; null for the wall's clock, which has no end."""

    state: MarketState
    session: Day | None
    next_open_utc: UtcTime | None
    days: list[CalendarDay]


class ClockRequest(Model):
    """POST /api/simulation/clock (operator). Market seconds per wall second."""

    rate: Annotated[float, Field(ge=1, le=60)]


class ClockAnswer(Model):
    """The simulator's clock: market time now = market_time + (now - t_wall) * rate, and never past `ends_at`."""

    rate: Annotated[float, Field(gt=0, le=1000)]
    market_time: UtcTime
    t_wall: WallMs
    ends_at: UtcTime
    """The day's end, where the clock stands still: every reader stops at the same instant."""

    session: Day
    version: Sequence
    """Rises with every change; GET /clock?after=N on the control port waits for a newer one."""


class ScenarioFault(Model):
    """One fault of the running scenario or set by hand on the control port; `ends_at` null lasts until cleared."""

    id: Token
    what: Token
    started_at: UtcTime
    ends_at: UtcTime | None
    seconds_left: Seconds | None = None
    """Wall seconds until it ends, at the present rate."""
    parameters: dict[Token, float | str | bool | None] = Field(default_factory=dict)


class ScenarioAnswer(Model):
    """GET /scenario?after=N on the control port: what is broken on purpose now. `version` rises with every change."""

    scenario: Token
    labels: tuple[Token, ...]
    symbol: Symbol
    session: Day
    version: Sequence
    active: tuple[ScenarioFault, ...]


class Injection(Model):
    """One thing the simulator did on purpose, as the scorer shows it. Only the truth file and the scorer hold these."""

    id: Token
    what: Token
    """mispricing, crossed_vertical, stale_leg, spot_jump, gateway_drop, channel_drop, ..."""
    expected: bool
    """True: an anomaly must be found. False: finding one here is a false alarm."""
    market_time: UtcTime
    ended_at: UtcTime | None = None
    strikes: tuple[Strike, ...] = ()
    option_type: OptionType | None = None
    size_half_spreads: Annotated[float, Field(ge=0, le=1000)] | None = None
    found: bool | None = None
    anomaly_id: Token | None = None
    delay_seconds: Seconds | None = None


class SimulationScore(Model):
    """GET /api/simulation/score: injected, found, missed, false and the delay so far."""

    injected: Annotated[int, Field(ge=0)]
    found: Annotated[int, Field(ge=0)]
    missed: Annotated[int, Field(ge=0)]
    pending: Annotated[int, Field(ge=0)]
    false: Annotated[int, Field(ge=0)]
    delay_p50_seconds: Seconds | None
    delay_p95_seconds: Seconds | None
    market_time: UtcTime | None
    injections: list[Injection]
    false_ids: list[Token]


class TokenRequest(Model):
    """POST /api/token on the local issuer: client credentials of a publisher, or `local` for the page on loopback."""

    grant_type: Literal["client_credentials", "local"]
    client_id: Token | None = None
    client_secret: Annotated[str, Field(max_length=200)] | None = None


class TokenAnswer(Model):
    """A bearer token of the local issuer."""

    access_token: Annotated[str, Field(max_length=4096)]
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  the scheme's name
    expires_in: Annotated[int, Field(ge=1, le=86_400)]
    roles: list[Role]


class NegotiateAnswer(Model):
    """POST /negotiate: where the live channel is and a short-lived token for it (as Azure SignalR's redirect)."""

    url: Annotated[str, Field(max_length=500)]
    accessToken: Annotated[str, Field(max_length=4096)]  # noqa: N815  SignalR's own spelling


class SettingsAnswer(Model):
    """GET /api/settings: what the page must know before it starts. No secrets."""

    version: Token
    simulated: bool
    """The simulation paths answer."""
    login: Literal["local", "entra"]
    policy: DisplayPolicy
    channel: bool = True
    """The live channel takes clients now: who reconnects asks here first, where a no is no error."""
