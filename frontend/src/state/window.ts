/** Which stretch of the day the charts show: at the live edge, or held where the reader put it. Pure state. */
export const SPANS = { quarter: 900, hour: 3_600, session: 24_000 } as const;
export type Span = keyof typeof SPANS;
/** A chart narrower than this shows noise at the start of a run. */
const LEAST_SECONDS = 180;

export class TimeWindow {
  span: Span = "hour";
  /** Right edge while scrolled back; null at the live edge. */
  private held: number | null = null;

  get live(): boolean {
    return this.held === null;
  }

  hold(end: number): void {
    this.held = end;
  }

  follow(): void {
    this.held = null;
  }

  /** From and to, seconds; `first` is the first sample, `now` the live edge. */
  range(first: number, now: number): [number, number] {
    const end = Math.min(this.held ?? now, now);
    const from = Math.max(end - SPANS[this.span], Math.min(first, end - LEAST_SECONDS));
    return [from, Math.max(end, from + 1)];
  }

  /** Moves the right edge by a share of the span; past the live edge it follows again. */
  shift(share: number, first: number, now: number): void {
    const end = (this.held ?? now) + share * SPANS[this.span];
    if (end >= now) this.follow();
    else this.hold(Math.min(now, Math.max(end, first + LEAST_SECONDS)));
  }
}
