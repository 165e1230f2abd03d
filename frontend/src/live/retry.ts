/** When to try the live channel again: never gives up. Pure; no timers. */
const STEPS_SECONDS = [0, 1, 2, 5, 10, 15] as const;
const JITTER = 0.2;
export const CAP_SECONDS = 30;

/** Seconds before attempt `attempt` (0 first), with `random` in [0, 1) spreading it by 20 % either way. */
export function retryDelay(attempt: number, random: number): number {
  const step = STEPS_SECONDS[attempt] ?? CAP_SECONDS;
  return Math.min(CAP_SECONDS, step * (1 + JITTER * (2 * random - 1)));
}
