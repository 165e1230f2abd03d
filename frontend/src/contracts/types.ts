// Written by `python -m apps.contracts.schema`; change apps/contracts and run `make schema`.

/** What a signal proposes. */
export type Action = "BUY" | "SELL" | "COMBO";

/** One anomaly: its life, its worth and its reasons. `timestamp` is the market time of this state. */
export interface Anomaly {
  readonly id: string;
  readonly source: Source;
  readonly run: string;
  readonly day: string;
  readonly symbol: string;
  readonly expiry: string;
  readonly kind: Kind;
  readonly strike: number;
  readonly option_type: OptionType;
  readonly episode: number;
  readonly status: EpisodeStatus;
  readonly close_reason: CloseReason | null;
  readonly severity: Severity;
  readonly highest_severity: Severity;
  readonly state: MarketState;
  readonly timestamp: string;
  readonly opened_at: string;
  readonly closed_at: string | null;
  readonly bid: number | null;
  readonly ask: number | null;
  readonly fair: number | null;
  readonly iv: number | null;
  readonly fair_iv: number | null;
  readonly delta: number | null;
  readonly z: number | null;
  readonly z_temporal: number | null;
  readonly outside: number | null;
  readonly half_spread: number | null;
  readonly volume: number | null;
  readonly open_interest: number | null;
  readonly worth: Worth | null;
  readonly legs: ReadonlyArray<Leg>;
  readonly reasons: ReadonlyArray<ReasonGiven>;
  readonly flags: ReadonlyArray<Flag>;
  readonly times: Times;
  readonly quote_age_seconds: number | null;
  readonly score: Score | null;
  readonly mid_price: number | null;
  readonly expected_price: number | null;
  readonly deviation_percent: number | null;
}

/** An episode opened, changed, closed or was scored. */
export interface AnomalyEvent {
  readonly seq: number;
  readonly market_time: string;
  readonly t_publish: number;
  readonly type: "anomaly";
  readonly body: Anomaly;
}

/** GET /anomalies, newest first. `cursor` null at the end. */
export interface AnomalyPage {
  readonly count: number;
  readonly anomalies: ReadonlyArray<Anomaly>;
  readonly last_scan: string | null;
  readonly cursor: string | null;
}

/** GET /api/calendar: the clock the platform runs on, and the days around it. */
export interface CalendarAnswer {
  readonly market_time: string;
  readonly t_server: number;
  readonly rate: number;
  readonly ends_at: string | null;
  readonly state: MarketState;
  readonly session: string | null;
  readonly next_open_utc: string | null;
  readonly days: ReadonlyArray<CalendarDay>;
}

/** One exchange day. Times null when closed. */
export interface CalendarDay {
  readonly day: string;
  readonly open_utc: string | null;
  readonly close_utc: string | null;
  readonly option_cutoff_utc: string | null;
  readonly half_day: boolean;
}

export type Cell = readonly [strike: number, right: string, bid: number | null, ask: number | null, bid_size: number | null, ask_size: number | null, last: number | null, iv: number | null, bid_iv: number | null, ask_iv: number | null, fair_iv: number | null, delta: number | null, volume: number | null, open_interest: number | null, fair: number | null, deviation: number | null, z: number | null, flags: number, item: Severity | null, age: number | null];

/** The simulator's clock: market time now = market_time + (now - t_wall) * rate, and never past `ends_at`. */
export interface ClockAnswer {
  readonly rate: number;
  readonly market_time: string;
  readonly t_wall: number;
  readonly ends_at: string;
  readonly session: string;
  readonly version: number;
}

/** POST /api/simulation/clock (operator). Market seconds per wall second. */
export interface ClockRequest {
  readonly rate: number;
}

/** Why an episode ended. */
export type CloseReason = "reverted" | "stale" | "state" | "window" | "gap" | "expired" | "session";

/** Whether quotes may be trusted now. Nothing shows live while this is not LIVE. */
export type DataState = "live" | "stale" | "closed" | "no_gateway";

/** Who may see exchange quotes (D22). */
export type DisplayPolicy = "owner" | "delayed" | "derived";

export type DurableEvent = AnomalyEvent | SignalEvent | StatusEvent | GapEvent | MarketEvent | FlowEvent | GammaEvent | SmileEvent;

/** Where an anomaly is in its life. */
export type EpisodeStatus = "open" | "update" | "closed";

/** The one shape of every error answer. */
export interface ErrorAnswer {
  readonly error: ErrorBody;
}

/** What went wrong and what to do. Never internals. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly field: string | null;
  readonly retry_after_seconds: number | null;
}

/** The closed set of API error codes. */
export type ErrorCode = "bad_request" | "unauthenticated" | "forbidden" | "not_found" | "method_not_allowed" | "conflict" | "epoch_refused" | "too_large" | "unsupported_media_type" | "validation" | "rate_limited" | "unavailable" | "storage_full" | "internal";

/** GET /api/events: ascending `seq` after `after`. `newest_epoch` tells a reader of an old epoch to move on. */
export interface EventPage {
  readonly stream: Stream | null;
  readonly newest_epoch: number | null;
  readonly last_seq: number;
  readonly events: ReadonlyArray<AnomalyEvent | SignalEvent | StatusEvent | GapEvent | MarketEvent | FlowEvent | GammaEvent | SmileEvent>;
}

/** The broker link as the detector knows it. */
export type FeedState = "starting" | "connected" | "degraded" | "no_servers" | "no_entitlement" | "competing_session" | "client_id_in_use" | "reconnecting" | "standby";

/** What a reader must know about an anomaly or a quote. Flags beside anomalies come first, quote flags after. */
export type Flag = "AMERICAN" | "ASSIGNMENT" | "PIN" | "DIVIDEND" | "CROSS_EXCHANGE" | "LOW_CONFIDENCE" | "STALE" | "CROSSED" | "LOCKED" | "ZERO_BID" | "ONE_SIDED" | "WIDE" | "HALTED" | "DELAYED" | "OUTLIER";

/** Signed premium flow since the session's start, dollars: +ask-side, -bid-side trades (requirements 4.3). */
export interface Flow {
  readonly cum_call_flow: number;
  readonly cum_put_flow: number;
  readonly net_flow: number;
  readonly spy_price: number | null;
}

/** A sample of the flow totals. */
export interface FlowEvent {
  readonly seq: number;
  readonly market_time: string;
  readonly t_publish: number;
  readonly type: "flow";
  readonly body: Flow;
}

/** One beat. `frame` rises by one within its stream; `as_of_seq` is the last durable event it already reflects. */
export interface Frame {
  readonly v: number;
  readonly source: Source;
  readonly run: string;
  readonly symbol: string;
  readonly day: string;
  readonly epoch: number;
  readonly frame: number;
  readonly as_of_seq: number;
  readonly market_time: string;
  readonly t_recv: number | null;
  readonly t_detect: number | null;
  readonly t_publish: number;
  readonly state: MarketState;
  readonly data: DataState;
  readonly data_age: number | null;
  readonly storage: StorageState;
  readonly smile: SmileQuality;
  readonly expiry: string | null;
  readonly seconds_to_expiry: number | null;
  readonly beat: number;
  readonly rate: number;
  readonly spot: number | null;
  readonly spot_bid: number | null;
  readonly spot_ask: number | null;
  readonly forward: number | null;
  readonly atm_vol: number | null;
  readonly net_flow: number | null;
  readonly strike_low: number | null;
  readonly strike_high: number | null;
  readonly cells: ReadonlyArray<Cell>;
}

/** Gamma exposure of the subscribed strikes (x.24: real gamma and open interest). */
export interface Gamma {
  readonly net_gex: number;
  readonly strikes: ReadonlyArray<GammaStrike>;
}

/** A sample of gamma exposure. */
export interface GammaEvent {
  readonly seq: number;
  readonly market_time: string;
  readonly t_publish: number;
  readonly type: "gamma";
  readonly body: Gamma;
}

/** Dealer gamma exposure at one strike, dollars per 1 % move; sign convention in apps/market/gamma.py. */
export interface GammaStrike {
  readonly strike: number;
  readonly gex: number;
}

/** An interval without data. `ended_at` null while it lasts; the same `started_at` is then sent again closed. */
export interface Gap {
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly reason: GapReason;
}

/** A gap began or ended. */
export interface GapEvent {
  readonly seq: number;
  readonly market_time: string;
  readonly t_publish: number;
  readonly type: "gap";
  readonly body: Gap;
}

/** Why there is no data for an interval. */
export type GapReason = "no_gateway" | "stale" | "takeover" | "restart" | "storage";

/** GET /api/history: the day's samples, decimated to `limit`, and its gaps. */
export interface HistoryAnswer {
  readonly stream: Stream | null;
  readonly market: ReadonlyArray<TimedMarket>;
  readonly flow: ReadonlyArray<TimedFlow>;
  readonly gaps: ReadonlyArray<Gap>;
}

/** One thing the simulator did on purpose, as the scorer shows it. Only the truth file and the scorer hold these. */
export interface Injection {
  readonly id: string;
  readonly what: string;
  readonly expected: boolean;
  readonly market_time: string;
  readonly ended_at: string | null;
  readonly strikes: ReadonlyArray<number>;
  readonly option_type: OptionType | null;
  readonly size_half_spreads: number | null;
  readonly found: boolean | null;
  readonly anomaly_id: string | null;
  readonly delay_seconds: number | null;
}

/** What is out of line. BOX, VERTICAL, BUTTERFLY, PARITY and BOUND are executable crossings at displayed prices. */
export type Kind = "RESIDUAL" | "VERTICAL" | "BUTTERFLY" | "BOX" | "PARITY" | "BOUND" | "SPREAD" | "VOLUME";

/** One leg as a taker would trade it now. `ratio` is per one lot of the whole; stock legs have no strike. */
export interface Leg {
  readonly option_type: OptionType | null;
  readonly strike: number | null;
  readonly side: Side;
  readonly ratio: number;
  readonly bid: number | null;
  readonly ask: number | null;
  readonly bid_size: number | null;
  readonly ask_size: number | null;
  readonly bid_exchange: string | null;
  readonly ask_exchange: string | null;
}

/** A sample of the underlying and its forward, every few market seconds. */
export interface Market {
  readonly price: number | null;
  readonly bid: number | null;
  readonly ask: number | null;
  readonly last: number | null;
  readonly volume: number | null;
  readonly previous_close: number | null;
  readonly forward: number | null;
  readonly atm_vol: number | null;
  readonly state: MarketState;
}

/** A sample of the underlying. */
export interface MarketEvent {
  readonly seq: number;
  readonly market_time: string;
  readonly t_publish: number;
  readonly type: "market";
  readonly body: Market;
}

/** The session's state of a chain or contract. */
export type MarketState = "PRE_OPEN" | "OPENING" | "NORMAL" | "EVENT" | "HALTED" | "LATE" | "FINAL" | "CLOSED";

/** Afterwards: at `after_seconds`, the net edge and the delta-hedged mid move in the anomaly's favour, $/share. */
export interface Markout {
  readonly after_seconds: number;
  readonly executable: boolean | null;
  readonly edge_net: number | null;
  readonly hedged_mid: number | null;
}

/** Which side closed the distance after an anomaly opened. */
export type Mover = "quote" | "fair" | "neither";

/** The right of an option on the wire (`right` exists only inside Python). */
export type OptionType = "CALL" | "PUT";

/** Why a severity was given or held down. The page translates the code; the numbers travel beside it. */
export type Reason = "z_score" | "temporal_z" | "outside_quote" | "net_edge" | "culprit" | "no_culprit" | "worth" | "spread_ratio" | "volume_rate" | "cap_opening" | "cap_event" | "cap_late" | "cap_few_strikes" | "cap_low_confidence" | "cap_worth" | "cap_precision" | "cap_persistence";

/** A reason with its measured value and the limit it was held against (units as the reason's name says). */
export interface ReasonGiven {
  readonly code: Reason;
  readonly value: number | null;
  readonly limit: number | null;
}

/** What a token may do. `owner` is the person entitled to live quotes. */
export type Role = "viewer" | "operator" | "publisher" | "owner";

/** How an episode turned out, judged by itself (no truth file): the live precision. */
export interface Score {
  readonly markouts: ReadonlyArray<Markout>;
  readonly moved: Mover;
}

/** What the episodes of a group have in common. */
export type ScoreBy = "kind" | "severity" | "moneyness" | "half_hour";

/** Episodes with one thing in common. `unscored` propose a trade and have no score yet; SPREAD and VOLUME do not. */
export interface ScoreGroup {
  readonly group: string;
  readonly episodes: number;
  readonly scored: number;
  readonly unscored: number;
  readonly moved_quote: number;
  readonly moved_fair: number;
  readonly moved_neither: number;
  readonly instants: ReadonlyArray<ScoreInstant>;
}

/** All scored episodes of a group, `after_seconds` after each opened. */
export interface ScoreInstant {
  readonly after_seconds: number;
  readonly executable_known: number;
  readonly executable: number;
  readonly edge_known: number;
  readonly edge_net: number | null;
  readonly hedged_known: number;
  readonly in_favour: number;
  readonly hedged_mid: number | null;
}

/** GET /scores: how the day's episodes turned out, grouped. `complete` is false when the day has more than fit. */
export interface ScoresAnswer {
  readonly stream: Stream | null;
  readonly day: string | null;
  readonly by: ScoreBy;
  readonly complete: boolean;
  readonly groups: ReadonlyArray<ScoreGroup>;
}

/** GET /api/settings: what the page must know before it starts. No secrets. */
export interface SettingsAnswer {
  readonly version: string;
  readonly simulated: boolean;
  readonly login: "local" | "entra";
  readonly policy: DisplayPolicy;
  readonly channel: boolean;
}

/** How sure and how much; every label carries its reasons. */
export type Severity = "LOW" | "MEDIUM" | "HIGH";

/** What a taker would do with a leg. */
export type Side = "BUY" | "SELL";

/** Made once when an episode opens at or rises to MEDIUM or above (requirements P9.11b). */
export interface Signal {
  readonly signal_id: string;
  readonly source: Source;
  readonly epoch: number;
  readonly timestamp: string;
  readonly action: Action;
  readonly symbol: string;
  readonly legs: ReadonlyArray<Leg>;
  readonly fair: number | null;
  readonly edge_net: number | null;
  readonly reason: string;
  readonly confidence: number;
  readonly valid_until: string;
}

/** A signal for the bot. */
export interface SignalEvent {
  readonly seq: number;
  readonly market_time: string;
  readonly t_publish: number;
  readonly type: "signal";
  readonly body: Signal;
}

/** GET /api/simulation/score: injected, found, missed, false and the delay so far. */
export interface SimulationScore {
  readonly injected: number;
  readonly found: number;
  readonly missed: number;
  readonly pending: number;
  readonly false: number;
  readonly delay_p50_seconds: number | null;
  readonly delay_p95_seconds: number | null;
  readonly market_time: string | null;
  readonly injections: ReadonlyArray<Injection>;
  readonly false_ids: ReadonlyArray<string>;
}

/** The fitted smile of the expiry at one instant. */
export interface Smile {
  readonly quality: SmileQuality;
  readonly forward: number | null;
  readonly atm_vol: number | null;
  readonly degree: number | null;
  readonly share_inside: number | null;
  readonly points: ReadonlyArray<SmilePoint>;
}

/** GET /api/smile: the newest, null before the first. */
export interface SmileAnswer {
  readonly market_time: string | null;
  readonly smile: Smile | null;
}

/** A sample of the smile. */
export interface SmileEvent {
  readonly seq: number;
  readonly market_time: string;
  readonly t_publish: number;
  readonly type: "smile";
  readonly body: Smile;
}

/** One strike of the smile plot: bid and ask implied vol, fitted vol, and whether it was judged an outlier. */
export interface SmilePoint {
  readonly strike: number;
  readonly option_type: OptionType;
  readonly bid_iv: number | null;
  readonly ask_iv: number | null;
  readonly fair_iv: number | null;
  readonly outlier: boolean;
}

/** Whether there was a smile to judge against. */
export type SmileQuality = "good" | "low_confidence" | "not_enough_strikes" | "none";

/** GET /api/snapshot: everything a page needs to start; then live messages with higher numbers apply. */
export interface Snapshot {
  readonly stream: Stream | null;
  readonly seq: number;
  readonly frame: number;
  readonly t_server: number;
  readonly header: Frame | null;
  readonly cells: ReadonlyArray<Cell>;
  readonly status: Status | null;
  readonly anomalies: ReadonlyArray<Anomaly>;
  readonly gaps: ReadonlyArray<Gap>;
  readonly policy: DisplayPolicy;
  readonly watermark: Source | null;
}

/** Where quotes come from. Anything but LIVE carries a watermark in every view. */
export type Source = "live" | "delayed" | "simulated" | "replay" | "external";

/** The detector's own truth about itself, sent when it changes and at least every 10 s. */
export interface Status {
  readonly state: MarketState;
  readonly data: DataState;
  readonly feed: FeedState;
  readonly ibkr_connected: boolean;
  readonly data_age_seconds: number | null;
  readonly expiry: string | null;
  readonly smile: SmileQuality;
  readonly strikes_subscribed: number;
  readonly lines_used: number;
  readonly lines_budget: number;
  readonly labels: ReadonlyArray<string>;
  readonly message: string | null;
}

/** A change of the detector's state. */
export interface StatusEvent {
  readonly seq: number;
  readonly market_time: string;
  readonly t_publish: number;
  readonly type: "status";
  readonly body: Status;
}

/** Whether the durable events that are told are also kept. Told in every frame: an event could not be written. */
export type StorageState = "ok" | "waiting" | "losing";

/** Names one sequence of events and frames: (source, run, symbol, day, epoch). */
export interface Stream {
  readonly source: Source;
  readonly run: string;
  readonly symbol: string;
  readonly day: string;
  readonly epoch: number;
}

/** A flow sample with its time. */
export interface TimedFlow {
  readonly market_time: string;
  readonly flow: Flow;
}

/** A market sample with its time. */
export interface TimedMarket {
  readonly market_time: string;
  readonly market: Market;
}

/** Wall-clock milliseconds along the way. IB quotes carry no exchange time, so `t_exchange` is always null. */
export interface Times {
  readonly t_exchange: null;
  readonly t_recv: number;
  readonly t_detect: number;
  readonly t_publish: number | null;
}

/** A bearer token of the local issuer. */
export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: "Bearer";
  readonly expires_in: number;
  readonly roles: ReadonlyArray<Role>;
}

/** POST /api/token on the local issuer: client credentials of a publisher, or `local` for the page on loopback. */
export interface TokenRequest {
  readonly grant_type: "client_credentials" | "local";
  readonly client_id: string | null;
  readonly client_secret: string | null;
}

/** What could be done at displayed prices. */
export interface Worth {
  readonly edge_touch: number;
  readonly edge_net: number;
  readonly size: number;
  readonly worth_usd: number;
  readonly worth_usd_one: number;
}
