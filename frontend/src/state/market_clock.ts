/** Market time between messages: the last told instant, carried on at the told rate. Never the browser's calendar. */
import { now } from "../api/client";

/** How late a message may come and still be of the time that goes on; an instant longer ago is another day's. */
const LATE_MS = 2000;

export class MarketClock {
  private marketMs: number | null = null;
  private wallMs = 0;
  /** What was shown when a late message came: the clock stands there until its time comes, and never goes back. */
  private shownMs = -Infinity;
  rate = 1;
  /** Where a simulated clock stands still for good; null while unknown, and for the wall's clock. */
  endsMs: number | null = null;

  /** An instant as the server told it, just now. */
  tell(marketTime: string, rate: number): void {
    const shown = this.ms();
    const told = Date.parse(marketTime);
    // At another rate it is followed at once: slowed down, the clock would stand for as long as it was ahead.
    const late = shown !== null && rate === this.rate && shown - told <= LATE_MS * rate;
    this.shownMs = late ? shown : -Infinity;
    this.marketMs = told;
    this.wallMs = now();
    this.rate = rate;
  }

  /** Milliseconds since 1970, null before the first message. */
  ms(): number | null {
    if (this.marketMs === null) return null;
    const carriedOn = Math.max(this.marketMs + (now() - this.wallMs) * this.rate, this.shownMs);
    // What was told beyond the end belongs to another day, whose end is not read yet: told, but not carried on.
    return this.endsMs === null ? carriedOn : Math.min(carriedOn, Math.max(this.endsMs, this.marketMs));
  }

  /** Market seconds since an instant that the server told: what ages and countdowns have moved by. */
  since(marketTime: string): number {
    const ms = this.ms();
    return ms === null ? 0 : Math.max(0, (ms - Date.parse(marketTime)) / 1000);
  }

  seconds(): number | null {
    const ms = this.ms();
    return ms === null ? null : ms / 1000;
  }
}
