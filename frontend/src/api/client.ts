/** Reads of the HTTP API, each decoded before it is returned; holds no state of the market. */
import { decode, type Models, Rejected } from "../decode/decoder";
import type { ScoreBy, Stream } from "../contracts/types";
import type { TokenKeeper } from "./token";

const TIMEOUT_MS = 10_000;

/** An answer that is not 2xx. `code` is the API's own error code, or the status as text. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** What the strip shows of the API, counted where it happens. */
export interface ApiFacts {
  state: "unknown" | "ok" | "failing";
  rejected: number;
  /** Server clock minus ours, milliseconds, and half the round trip it is uncertain by. */
  skewMs: number | null;
  skewErrorMs: number;
}

export class ApiClient {
  readonly facts: ApiFacts = { state: "unknown", rejected: 0, skewMs: null, skewErrorMs: Infinity };

  constructor(
    readonly base: string,
    private tokens: TokenKeeper | null,
    private readonly changed: () => void,
  ) {}

  useTokens(tokens: TokenKeeper): void {
    this.tokens = tokens;
  }

  settings = () => this.get("SettingsAnswer", "api/settings");
  snapshot = () => this.timed("Snapshot", "api/snapshot");
  calendar = () => this.timed("CalendarAnswer", "api/calendar");
  smile = () => this.get("SmileAnswer", "api/smile");
  scores = (by: ScoreBy) => this.get("ScoresAnswer", "api/scores", { by });
  score = () => this.get("SimulationScore", "api/simulation/score");
  history = (stream: Stream, limit: number) => this.get("HistoryAnswer", "api/history", { ...query(stream), limit });
  events = (stream: Stream, after: number, limit: number) =>
    this.get("EventPage", "api/events", { ...query(stream), epoch: stream.epoch, after, limit });

  setRate(rate: number): Promise<Models["ClockAnswer"]> {
    return this.call("ClockAnswer", "api/simulation/clock", { method: "POST", body: JSON.stringify({ rate }) });
  }

  private get<Name extends keyof Models>(name: Name, path: string, parameters: Record<string, string | number> = {}) {
    const search = new URLSearchParams(Object.entries(parameters).map(([key, value]) => [key, String(value)])).toString();
    return this.call(name, search ? `${path}?${search}` : path, {});
  }

  /** A read whose answer carries the server's clock: the narrowest of recent round trips decides the skew. */
  private async timed<Name extends "Snapshot" | "CalendarAnswer">(name: Name, path: string): Promise<Models[Name]> {
    const sent = now();
    const answer = await this.get(name, path);
    const half = (now() - sent) / 2;
    // An old narrow reading is worth less than a new wide one: the error grows by 1 ms with every reading.
    this.facts.skewErrorMs += 1;
    if (half <= this.facts.skewErrorMs) {
      this.facts.skewMs = answer.t_server - (sent + half);
      this.facts.skewErrorMs = half;
    }
    return answer;
  }

  private async call<Name extends keyof Models>(name: Name, path: string, init: RequestInit): Promise<Models[Name]> {
    try {
      const answer = await this.send(path, init);
      const body: unknown = await answer.json();
      const model = decode(name, body);
      this.become("ok");
      return model;
    } catch (error) {
      if (error instanceof Rejected) this.facts.rejected += 1;
      // A 4xx is an answer: the API is there.
      this.become(error instanceof ApiError && error.status < 500 ? "ok" : "failing");
      throw error;
    }
  }

  private async send(path: string, init: RequestInit): Promise<Response> {
    let answer = await this.once(path, init, await this.tokens?.current());
    if (answer.status === 401 && this.tokens) answer = await this.once(path, init, await this.tokens.fresh());
    if (answer.ok) return answer;
    let code = String(answer.status);
    let message = answer.statusText;
    try {
      ({ code, message } = decode("ErrorAnswer", await answer.json()).error);
    } catch {
      // A proxy's error page: the status says enough.
    }
    throw new ApiError(answer.status, code, message);
  }

  private once(path: string, init: RequestInit, token: string | undefined): Promise<Response> {
    const headers = new Headers({ accept: "application/json" });
    if (init.body) headers.set("content-type", "application/json");
    if (token) headers.set("authorization", `Bearer ${token}`);
    return fetch(this.base + path, { ...init, headers, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
  }

  private become(state: ApiFacts["state"]): void {
    this.facts.state = state;
    this.changed();
  }
}

const query = ({ source, run, symbol, day }: Stream) => ({ source, run, symbol, day });

/** Wall-clock milliseconds with the resolution of the monotonic clock. */
export const now = (): number => performance.timeOrigin + performance.now();
