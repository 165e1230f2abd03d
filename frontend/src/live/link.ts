/** Holds the session to the server: reads the settings, opens the channel, falls back to polling, and never ends. */
import { ApiClient, now } from "../api/client";
import { TokenKeeper } from "../api/token";
import { TARGET } from "../contracts/tables";
import type { Anomaly } from "../contracts/types";
import type { Board } from "../state/board";
import { Health } from "../state/health";
import type { Latency } from "../state/latency";
import { Channel, type Trouble } from "./channel";
import { Poller } from "./poller";
import { retryDelay } from "./retry";
import { Session } from "./session";

const CALENDAR_EVERY_MS = 60_000;
/** Silence after which the page asks the API whether the world went on without it. */
const SILENCE_MS = 10_000;

export class Link {
  readonly session: Session;
  readonly health: Health;
  channel: Channel | null = null;
  /** Set by the views that announce. */
  onOpened: (anomaly: Anomaly) => void = () => undefined;
  private readonly poller: Poller;
  private askedAt = 0;

  constructor(
    private readonly base: string,
    private readonly board: Board,
    readonly api: ApiClient,
    latency: Latency,
  ) {
    this.session = new Session(
      board,
      api,
      (anomaly) => this.onOpened(anomaly),
      (frame) => document.hidden || latency.received(frame.t_recv),
    );
    this.health = new Health(board, () => this.channel, () => api.facts.state === "failing");
    this.poller = new Poller(
      () => this.session.resyncNow(),
      (working) => {
        this.health.polling = working;
        board.touch("channel");
      },
    );
  }

  async start(): Promise<void> {
    await this.untilSettings();
    const tokens = new TokenKeeper(this.base, this.board.settings?.login ?? "local");
    this.api.useTokens(tokens);
    this.channel = new Channel(this.base, () => tokens.fresh(), {
      targets: {
        [TARGET.FRAME]: this.session.onFrame,
        [TARGET.ANOMALY]: this.session.onEvent,
        [TARGET.STATUS]: this.session.onEvent,
        [TARGET.EVENT]: this.session.onEvent,
      },
      open: async () => (await this.api.settings()).channel,
      connected: () => this.connected(),
      down: (trouble) => this.down(trouble),
      changed: () => this.board.touch("channel"),
    });
    this.channel.start();
    // The first picture does not wait for the socket.
    void this.session.resyncNow().catch(() => undefined);
    void this.readCalendar();
    setInterval(() => void this.readCalendar(), CALENDAR_EVERY_MS);
    setInterval(() => this.watch(), 1_000);
  }

  /** The server's clock minus ours, where the round trip can tell it from nothing; else 0. */
  provenSkew(): number {
    const { skewMs, skewErrorMs } = this.api.facts;
    return skewMs !== null && Math.abs(skewMs) > skewErrorMs ? skewMs : 0;
  }

  private async untilSettings(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        this.board.settings = await this.api.settings();
        this.board.touch("channel");
        this.board.touch("status");
        return;
      } catch {
        await new Promise((done) => setTimeout(done, retryDelay(attempt + 1, Math.random()) * 1000));
      }
    }
  }

  private connected(): void {
    this.poller.stop();
    this.session.rejoin();
    // The platform may have been started again, on another day.
    void this.readCalendar();
  }

  private down(trouble: Trouble): void {
    this.session.lost();
    if (trouble !== "blocked" && trouble !== "quota") return;
    this.session.hearing = true;
    this.poller.start();
  }

  private async readCalendar(): Promise<void> {
    try {
      this.board.calendar = await this.api.calendar();
      this.board.clock.endsMs = this.board.calendar.ends_at === null ? null : Date.parse(this.board.calendar.ends_at);
    } catch {
      return; // counted by the client; the old one holds until the next minute
    }
    if (!this.board.header) this.board.clock.tell(this.board.calendar.market_time, this.board.calendar.rate);
    this.board.touch("calendar");
  }

  /** A connected channel that says nothing proves nothing: ask the API. */
  private watch(): void {
    if (this.channel?.state !== "connected") return;
    const since = Math.max(this.session.lastMessageAt, this.askedAt);
    if (now() - since < SILENCE_MS) return;
    this.askedAt = now();
    const before = this.session.frames.last;
    void this.session.resyncNow().then(
      () => {
        // The server went on and we heard none of it: this socket is dead, whatever it believes.
        if (this.session.frames.last > before + 1 && now() - this.session.lastMessageAt > SILENCE_MS) this.channel?.restart();
      },
      () => undefined,
    );
  }
}
