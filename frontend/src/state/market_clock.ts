/** Market time between messages: the last told instant, carried on at the told rate. Never the browser's calendar. */
import { now } from "../api/client";

export class MarketClock {
  private marketMs: number | null = null;
  private wallMs = 0;
  rate = 1;

  /** An instant as the server told it, just now. */
  tell(marketTime: string, rate: number): void {
    this.marketMs = Date.parse(marketTime);
    this.wallMs = now();
    this.rate = rate;
  }

  /** Milliseconds since 1970, null before the first message. */
  ms(): number | null {
    return this.marketMs === null ? null : this.marketMs + (now() - this.wallMs) * this.rate;
  }

  seconds(): number | null {
    const ms = this.ms();
    return ms === null ? null : ms / 1000;
  }
}
