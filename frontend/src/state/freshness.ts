/** How late a widget's data is against its own cadence: amber above 3 times, red above 10 times. Pure. */
export type Freshness = "unknown" | "fresh" | "late" | "old";

const LATE = 3;
const OLD = 10;
/** Faster cadences than this are judged as this one: a single slow display frame is not staleness. */
const CADENCE_FLOOR_SECONDS = 0.5;

export function freshness(ageSeconds: number | null, cadenceSeconds: number | null): Freshness {
  if (ageSeconds === null || cadenceSeconds === null) return "unknown";
  const cadence = Math.max(cadenceSeconds, CADENCE_FLOOR_SECONDS);
  if (ageSeconds > OLD * cadence) return "old";
  return ageSeconds > LATE * cadence ? "late" : "fresh";
}
