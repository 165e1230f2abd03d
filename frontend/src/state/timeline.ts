/** Samples as plot data: a line is broken where there is no data, never drawn across. Pure. */
import type { Band } from "./gaps";
import { cadenceOf, type Samples, type Value } from "./samples";

/** Samples this many cadences apart have something missing between them, told or not. */
const HOLE = 10;

export interface PlotData {
  times: number[];
  columns: Value[][];
}

/** `tip` is the newest value, which the next sample will confirm; null while there is none to show. */
export function plotData(samples: Samples, bands: readonly Band[], tip: readonly [number, readonly Value[]] | null): PlotData {
  const breaks = bands.filter((band) => !band.filled).map((band) => band.start);
  const hole = (cadenceOf(samples.times) ?? Infinity) * HOLE;
  const out: PlotData = { times: [], columns: samples.columns.map(() => []) };
  const push = (time: number, values: readonly Value[] | null) => {
    out.times.push(time);
    out.columns.forEach((column, index) => column.push(values?.[index] ?? null));
  };
  let next = 0;
  for (let row = 0; row < samples.length; row++) {
    const time = samples.times[row]!;
    const before = samples.times[row - 1];
    while (next < breaks.length && breaks[next]! < (before ?? -Infinity)) next += 1;
    if (before !== undefined) {
      const at = breaks[next];
      if (at !== undefined && at <= time) push(Math.max(before + 1e-3, Math.min(at, time - 1e-3)), null);
      else if (time - before > hole) push((time + before) / 2, null);
    }
    push(time, samples.columns.map((column) => column[row] ?? null));
  }
  if (tip && tip[0] > (samples.lastTime ?? Infinity)) {
    const open = breaks.some((start) => start >= samples.lastTime!);
    if (open) push(samples.lastTime! + 1e-3, null);
    push(tip[0], tip[1]);
  }
  return out;
}

/** What the page has no data for: bands that are not filled, cut to the window; an open one reaches to `now`. */
export function visibleBands(bands: readonly Band[], from: number, to: number, now: number): { start: number; end: number; kind: Band["kind"] }[] {
  return bands
    .filter((band) => !band.filled)
    .map(({ start, end, kind }) => ({ start: Math.max(from, start), end: Math.min(to, end ?? Math.max(now, start)), kind }))
    .filter((band) => band.end > band.start);
}
