/** What the page knows: filled by the session, read by the views. It decides nothing and draws nothing. */
import { COLUMN } from "../contracts/tables";
import type * as types from "../contracts/types";
import { Anomalies } from "./anomalies";
import { Gaps } from "./gaps";
import { MarketClock } from "./market_clock";
import { Samples } from "./samples";
import { now } from "../api/client";

/** What changed, so that only the widgets concerned are drawn again. */
export type Topic =
  | "chain"
  | "header"
  | "anomalies"
  | "series"
  | "gaps"
  | "smile"
  | "status"
  | "channel"
  | "calendar"
  | "score"
  | "clock"
  | "language";

export type Cell = types.Cell;
export const cellKey = (right: string, strike: number): string => right + strike;

export class Board {
  readonly cells = new Map<string, Cell>();
  readonly anomalies = new Anomalies();
  /** Columns: price, forward, previous close. */
  readonly market = new Samples(3);
  /** Columns: calls, puts, net; dollars. */
  readonly flow = new Samples(3);
  readonly gaps = new Gaps();
  readonly clock = new MarketClock();
  settings: types.SettingsAnswer | null = null;
  calendar: types.CalendarAnswer | null = null;
  stream: types.Stream | null = null;
  header: types.Frame | null = null;
  headerAt = 0;
  status: types.Status | null = null;
  statusAt = 0;
  policy: types.DisplayPolicy | null = null;
  watermark: types.Source | null = null;
  score: types.SimulationScore | null = null;
  /** The last sampled smile: what the fit is made of. The plot itself is drawn from the cells, which are newer. */
  smile: types.Smile | null = null;
  /** Changes when strikes come or go, so that the table is laid out again. */
  strikesVersion = 0;

  constructor(readonly touch: (topic: Topic) => void) {}

  /** Another run, day or source: nothing of the old one may stay on screen. */
  reset(): void {
    this.cells.clear();
    this.anomalies.clear();
    this.market.clear();
    this.flow.clear();
    this.gaps.clear();
    this.header = null;
    this.status = null;
    this.smile = null;
    this.strikesVersion += 1;
    for (const topic of ["chain", "header", "anomalies", "series", "gaps", "smile", "status"] as const) this.touch(topic);
  }

  /** Absolute state. One that is older than the frames already shown adds what is missing and overwrites nothing. */
  applySnapshot(snapshot: types.Snapshot): void {
    const older = this.header !== null && snapshot.frame < this.header.frame && this.header.epoch === snapshot.stream?.epoch;
    if (!older) this.cells.clear();
    this.strikesVersion += 1;
    this.policy = snapshot.policy;
    this.watermark = snapshot.watermark;
    this.putCells(older ? snapshot.cells.filter((cell) => !this.cell(cell[1], cell[0])) : snapshot.cells);
    if (snapshot.header && !older) this.applyHeader(snapshot.header);
    if (snapshot.status) this.applyStatus(snapshot.status);
    for (const anomaly of snapshot.anomalies) this.anomalies.put(anomaly, snapshot.seq);
    for (const gap of snapshot.gaps) this.gaps.told(gap);
    for (const topic of ["chain", "header", "anomalies", "series", "gaps", "smile"] as const) this.touch(topic);
  }

  applyFrame(frame: types.Frame): void {
    this.putCells(frame.cells);
    this.applyHeader(frame);
    this.touch("chain");
    this.touch("smile");
  }

  /** One durable event; `isNew` anomalies are handed back for the announcer. */
  applyEvent(event: types.DurableEvent): types.Anomaly | null {
    const seconds = Date.parse(event.market_time) / 1000;
    switch (event.type) {
      case "anomaly": {
        const opened = this.anomalies.put(event.body, event.seq);
        this.touch("anomalies");
        return opened ? event.body : null;
      }
      case "market":
        this.putMarket(seconds, event.body);
        break;
      case "flow":
        this.putFlow(seconds, event.body);
        break;
      case "gap":
        this.gaps.told(event.body);
        this.touch("gaps");
        this.touch("series");
        break;
      case "status":
        this.applyStatus(event.body);
        break;
      case "smile":
        this.smile = event.body;
        this.touch("smile");
        break;
      case "gamma":
      case "signal":
        // Not shown: gauges come later, and signals are the bot's business.
        break;
    }
    return null;
  }

  applyHistory(history: types.HistoryAnswer): void {
    for (const { market_time, market } of history.market) this.putMarket(Date.parse(market_time) / 1000, market);
    for (const { market_time, flow } of history.flow) this.putFlow(Date.parse(market_time) / 1000, flow);
    for (const gap of history.gaps) this.gaps.told(gap);
    this.touch("gaps");
    this.touch("series");
  }

  cell(right: string, strike: number): Cell | undefined {
    return this.cells.get(cellKey(right, strike));
  }

  /** Strikes with a cell, ascending. */
  strikes(): number[] {
    return [...new Set([...this.cells.values()].map((cell) => cell[COLUMN.strike]))].sort((a, b) => a - b);
  }

  private putMarket(seconds: number, market: types.Market): void {
    this.market.put(seconds, [market.price, market.forward, market.previous_close]);
    this.touch("series");
  }

  private putFlow(seconds: number, flow: types.Flow): void {
    this.flow.put(seconds, [flow.cum_call_flow, flow.cum_put_flow, flow.net_flow]);
    this.touch("series");
  }

  private applyStatus(status: types.Status): void {
    this.status = status;
    this.statusAt = now();
    this.touch("status");
  }

  private applyHeader(frame: types.Frame): void {
    this.header = frame;
    this.headerAt = now();
    this.clock.tell(frame.market_time, frame.rate);
    this.forgetOutside(frame.strike_low, frame.strike_high);
    this.touch("header");
  }

  private putCells(cells: readonly Cell[]): void {
    for (const cell of cells) {
      const key = cellKey(cell[COLUMN.right], cell[COLUMN.strike]);
      if (!this.cells.has(key)) this.strikesVersion += 1;
      this.cells.set(key, cell);
    }
  }

  private forgetOutside(low: number | null, high: number | null): void {
    if (low === null || high === null) return;
    for (const [key, cell] of this.cells) {
      const strike = cell[COLUMN.strike];
      if (strike < low || strike > high) {
        this.cells.delete(key);
        this.strikesVersion += 1;
      }
    }
  }
}
