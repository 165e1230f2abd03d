/** Messages for tests, each true to the contract unless a test bends it. */
import type { Anomaly, Cell, DurableEvent, Frame, HistoryAnswer, Snapshot, Stream } from "../src/contracts/types";

export const STREAM: Stream = { source: "simulated", run: "r1", symbol: "SPY", day: "2025-05-19", epoch: 1 };

export const cell = (strike: number, right: "C" | "P", bid: number | null = 1.1, ask: number | null = 1.2): Cell => [
  strike, right, bid, ask, 10, 12, 1.15, 0.13, 0.12, 0.14, 0.13, 0.5, 100, 300, 1.15, 0.0, 0.2, 0, null, 0.1,
];

export const frame = (number: number, change: Partial<Frame> = {}): Frame => ({
  v: 1, ...STREAM, frame: number, as_of_seq: 0, market_time: "2025-05-19T14:05:00Z", t_recv: 1, t_detect: 2, t_publish: 3,
  state: "NORMAL", data: "live", data_age: 0.1, storage: "ok", smile: "good", expiry: "2025-05-19", seconds_to_expiry: 21_000, beat: 0.05,
  rate: 1, spot: 594.1, spot_bid: null, spot_ask: null, forward: 594.2, atm_vol: 0.13, net_flow: null, strike_low: 560,
  strike_high: 630, cells: [cell(594, "C")], ...change,
});

export const snapshot = (change: Partial<Snapshot> = {}): Snapshot => ({
  stream: STREAM, seq: 0, frame: 0, t_server: Date.now(), header: null, cells: [], status: null, anomalies: [], gaps: [],
  policy: "owner", watermark: "simulated", ...change,
});

export const history = (change: Partial<HistoryAnswer> = {}): HistoryAnswer => ({ stream: STREAM, market: [], flow: [], gaps: [], ...change });

const at = (second: number) => new Date(Date.UTC(2025, 4, 19, 14, 5, second)).toISOString();

export const marketEvent = (seq: number, price: number | null = 594): DurableEvent => ({
  seq, market_time: at(seq), t_publish: 1, type: "market",
  body: { price, bid: null, ask: null, last: null, volume: null, previous_close: null, forward: 594, atm_vol: 0.1, state: "NORMAL" },
});

export const live = (event: DurableEvent, stream: Stream = STREAM) => ({ v: 1, ...stream, ...event });

export const anomaly = (change: Partial<Anomaly> = {}): Anomaly => ({
  id: "a1", source: "simulated", run: "r1", day: "2025-05-19", symbol: "SPY", expiry: "2025-05-19", kind: "RESIDUAL",
  strike: 596, option_type: "CALL", episode: 1, status: "open", close_reason: null, severity: "HIGH", highest_severity: "HIGH",
  state: "NORMAL", timestamp: at(1), opened_at: at(1), closed_at: null, bid: 1.28, ask: 1.31, fair: 1.42, iv: 0.12, fair_iv: 0.13,
  delta: 0.4, z: -4.6, z_temporal: -5, outside: 0.1, half_spread: 0.015, volume: 10, open_interest: 20,
  worth: { edge_touch: 0.11, edge_net: 0.083, size: 18, worth_usd: 149.4, worth_usd_one: 8.3 }, legs: [], reasons: [], flags: [],
  times: { t_exchange: null, t_recv: 1, t_detect: 2, t_publish: 3 }, quote_age_seconds: 0.2, score: null, mid_price: 1.295,
  expected_price: 1.42, deviation_percent: -8.8, ...change,
});

export const anomalyEvent = (seq: number, body: Anomaly): DurableEvent => ({ seq, market_time: at(seq), t_publish: 1, type: "anomaly", body });
