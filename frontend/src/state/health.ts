/** What may be claimed about the data now: the server's word, doubted when the page itself hears nothing. Pure. */
import type { DataState } from "../contracts/types";
import type { Channel } from "../live/channel";
import { now } from "../api/client";
import type { Board } from "./board";
import { freshness, type Freshness } from "./freshness";

/** The slowest beat that polling gives. */
export const POLL_SECONDS = 2;

export type ChannelShown = "connecting" | "live" | "reconnecting" | "polling" | "offline";

const LEVELS = { fresh: "good", late: "warn", old: "bad", unknown: "none" } as const;

export class Health {
  /** Set by the poller: a poll has succeeded since the channel went down. */
  polling = false;

  constructor(
    private readonly board: Board,
    private readonly channel: () => Channel | null,
    private readonly apiFailing: () => boolean,
  ) {}

  shown(): ChannelShown {
    const channel = this.channel();
    if (!channel || channel.state === "connecting") return this.apiFailing() ? "offline" : "connecting";
    if (channel.state === "connected") return "live";
    if (this.polling) return "polling";
    return this.apiFailing() ? "offline" : "reconnecting";
  }

  /** Wall seconds since the last frame or snapshot. */
  frameAge(): number | null {
    return this.board.header ? (now() - this.board.headerAt) / 1000 : null;
  }

  cadence(): number | null {
    const beat = this.board.header?.beat ?? null;
    return this.shown() === "polling" ? Math.max(beat ?? 0, POLL_SECONDS) : beat;
  }

  chain(): Freshness {
    return freshness(this.frameAge(), this.cadence());
  }

  /** How fresh anything made of quotes is: no beat makes old quotes fresh. A closed market has none to be late. */
  quotes(): Freshness {
    const told = this.board.header?.data ?? null;
    if (told === "live") return this.chain();
    return told === null || told === "closed" ? "unknown" : "old";
  }

  /** The same for what has a rhythm of its own besides: the worse of both. */
  quotesAnd(own: Freshness): Freshness {
    const quotes = this.quotes();
    return quotes === "fresh" ? own : quotes === "late" && own === "old" ? own : quotes;
  }

  /** Never `live` while the page hears nothing, whatever was said last. */
  data(): DataState | null {
    const told = this.board.header?.data ?? this.board.status?.data ?? null;
    if (told !== "live") return told;
    const shown = this.shown();
    const deaf = shown !== "live" && shown !== "polling";
    const age = this.chain();
    return age === "old" || (deaf && age !== "fresh") ? "stale" : told;
  }

  /** How the quotes' age is to be coloured: beats may go on while the data they tell of stands still. */
  ageLevel(): "good" | "warn" | "bad" | "none" {
    const told = this.data();
    if (told === null) return "none";
    if (told !== "live") return told === "closed" ? "none" : "bad";
    return LEVELS[this.chain()];
  }

  /** Age of the quotes in market seconds: what the detector said, and the time since. */
  dataAge(): number | null {
    const header = this.board.header;
    if (!header || header.data_age === null) return null;
    return header.data_age + this.board.clock.since(header.market_time);
  }
}
