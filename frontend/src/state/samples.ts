/** A day of samples in time order, in columns as the plot wants them; late ones are put where they belong. */

/** More than a session of samples every second; beyond it the oldest go. */
const CAPACITY = 30_000;

export type Value = number | null;

export class Samples {
  /** Market time, seconds since 1970. */
  readonly times: number[] = [];
  readonly columns: Value[][];

  constructor(width: number) {
    this.columns = Array.from({ length: width }, () => []);
  }

  get length(): number {
    return this.times.length;
  }

  get lastTime(): number | null {
    return this.times[this.times.length - 1] ?? null;
  }

  /** Adds one sample; one at the same instant is replaced, so that filling a gap twice changes nothing. */
  put(seconds: number, values: readonly Value[]): void {
    const at = this.place(seconds);
    const known = this.times[at] === seconds;
    if (known) {
      this.columns.forEach((column, index) => (column[at] = values[index] ?? null));
      return;
    }
    if (at === this.times.length) {
      this.times.push(seconds);
      this.columns.forEach((column, index) => column.push(values[index] ?? null));
    } else {
      this.times.splice(at, 0, seconds);
      this.columns.forEach((column, index) => column.splice(at, 0, values[index] ?? null));
    }
    if (this.times.length > CAPACITY) this.forget(CAPACITY / 10);
  }

  clear(): void {
    this.times.length = 0;
    for (const column of this.columns) column.length = 0;
  }

  /** First index whose time is not before `seconds`. */
  place(seconds: number): number {
    const times = this.times;
    let low = 0;
    let high = times.length;
    if (high === 0 || times[high - 1]! < seconds) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle]! < seconds) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private forget(count: number): void {
    this.times.splice(0, count);
    for (const column of this.columns) column.splice(0, count);
  }
}

/** Middle of the last intervals between samples, seconds; null while too few. What "on time" means for a widget. */
export function cadenceOf(times: readonly number[]): number | null {
  const recent = times.slice(-12);
  if (recent.length < 4) return null;
  const steps = recent.slice(1).map((time, index) => time - recent[index]!);
  steps.sort((a, b) => a - b);
  return steps[steps.length >> 1]!;
}
