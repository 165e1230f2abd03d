/** From the packet's arrival at the detector to paint: the last samples and their quantiles. */
const KEPT = 1_200;
/** Beyond this the tab slept; that is no latency of ours. */
const SLEPT_MS = 60_000;

export class Latency {
  count = 0;
  private readonly ring = new Float64Array(KEPT);
  private waiting: number[] = [];
  private lastReceived = 0;

  /** A frame is on the board, not yet on screen. A frame without news repeats its receive time and is no sample. */
  received(tRecv: number | null): void {
    if (tRecv === null || tRecv === this.lastReceived) return;
    this.lastReceived = tRecv;
    this.waiting.push(tRecv);
    if (this.waiting.length > KEPT) this.waiting.shift();
  }

  /** The screen shows it. `skewMs` is the server's clock minus ours, 0 where it cannot be told from the round trip. */
  painted(at: number, skewMs: number): void {
    for (const tRecv of this.waiting) {
      const sample = at + skewMs - tRecv;
      if (sample < 0 || sample > SLEPT_MS) continue;
      this.ring[this.count % KEPT] = sample;
      this.count += 1;
    }
    this.waiting.length = 0;
  }

  /** What was received while hidden will be painted late for a reason. */
  forgetWaiting(): void {
    this.waiting.length = 0;
  }

  /** Of the newest `last` samples, or of all that are kept. */
  quantile(share: number, last = KEPT): number | null {
    const length = Math.min(this.count, KEPT, last);
    if (length <= 0) return null;
    const newest = Float64Array.from({ length }, (_, back) => this.ring[(this.count - 1 - back) % KEPT]!);
    const sorted = newest.sort();
    return sorted[Math.min(length - 1, Math.floor(share * length))]!;
  }
}
