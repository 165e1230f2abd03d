/** Which numbers of one stream have been seen. Pure: it asks for nothing and applies nothing. */

/** Durable events: every number counts. Numbers ahead of a hole are kept in mind until the hole is filled. */
export class EventSequence {
  private ahead = new Set<number>();
  private highest = 0;

  constructor(private upTo = 0) {
    this.highest = upTo;
  }

  /** Every number up to here has been seen. */
  get contiguous(): number {
    return this.upTo;
  }

  get last(): number {
    return this.highest;
  }

  /** How many numbers below the last one are still missing. */
  get missing(): number {
    return this.highest - this.upTo - this.ahead.size;
  }

  /** True when the number is new; a duplicate or an older one is false. */
  accept(seq: number): boolean {
    if (seq <= this.upTo || this.ahead.has(seq)) return false;
    this.ahead.add(seq);
    this.highest = Math.max(this.highest, seq);
    this.advance();
    return true;
  }

  /** The server has told everything up to `seq`; what it did not send, it does not show to us. */
  cover(seq: number): void {
    if (seq <= this.upTo) return;
    this.upTo = seq;
    this.highest = Math.max(this.highest, seq);
    for (const number of this.ahead) if (number <= seq) this.ahead.delete(number);
    this.advance();
  }

  private advance(): void {
    while (this.ahead.delete(this.upTo + 1)) this.upTo += 1;
  }
}

export type FrameVerdict = "next" | "skipped" | "old";

/** Frames: absolute values, so a missing one costs a snapshot, never a wrong number. */
export class FrameSequence {
  constructor(private newest = 0) {}

  get last(): number {
    return this.newest;
  }

  accept(frame: number): FrameVerdict {
    if (frame <= this.newest) return "old";
    const verdict = frame === this.newest + 1 ? "next" : "skipped";
    this.newest = frame;
    return verdict;
  }

  /** A snapshot reflects everything up to `frame`. */
  cover(frame: number): void {
    this.newest = Math.max(this.newest, frame);
  }
}
