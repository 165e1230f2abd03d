/** Intervals without data: those of the gateway, which stay, and those of the page's own channel, which get filled. */
import type { Gap, GapReason } from "../contracts/types";

export interface Band {
  /** Market time, seconds since 1970; `end` null while it lasts. */
  readonly start: number;
  end: number | null;
  readonly kind: "gateway" | "channel";
  readonly reason: GapReason | "channel";
  /** Only a channel gap is ever filled. */
  filled: boolean;
}

const KEPT = 200;

export class Gaps {
  readonly bands: Band[] = [];

  /** A gap as the server tells it; told again with an end, it closes. */
  told(gap: Gap): void {
    const start = Date.parse(gap.started_at) / 1000;
    const end = gap.ended_at === null ? null : Date.parse(gap.ended_at) / 1000;
    const known = this.bands.find((band) => band.kind === "gateway" && band.start === start);
    if (known) known.end ??= end;
    else this.insert({ start, end, kind: "gateway", reason: gap.reason, filled: false });
  }

  /** The page stopped hearing at this market time. False when it was deaf already. */
  channelLost(start: number): boolean {
    if (this.bands.some((band) => band.kind === "channel" && band.end === null)) return false;
    this.insert({ start, end: null, kind: "channel", reason: "channel", filled: false });
    return true;
  }

  /** The page hears again; the interval is still empty until `channelFilled`. */
  channelBack(end: number): void {
    for (const band of this.bands) if (band.kind === "channel") band.end ??= Math.max(end, band.start);
  }

  channelFilled(): void {
    for (const band of this.bands) if (band.kind === "channel" && band.end !== null) band.filled = true;
  }

  clear(): void {
    this.bands.length = 0;
  }

  private insert(band: Band): void {
    this.bands.push(band);
    this.bands.sort((a, b) => a.start - b.start);
    if (this.bands.length > KEPT) this.bands.shift();
  }
}
