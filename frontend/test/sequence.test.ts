import { describe, expect, test } from "vitest";
import { EventSequence, FrameSequence } from "../src/live/sequence";
import { CAP_SECONDS, retryDelay } from "../src/live/retry";

/** A small generator with a number to repeat it by. */
function random(seed: number): () => number {
  return () => {
    seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return seed / 2 ** 32;
  };
}

describe("durable events", () => {
  test("in any order, with duplicates, each is taken once and nothing is missing at the end", () => {
    const seed = Date.now() % 1e6;
    const next = random(seed);
    const sequence = new EventSequence();
    const taken: number[] = [];
    const sent = Array.from({ length: 500 }, (_, index) => index + 1).flatMap((number) => (next() < 0.2 ? [number, number] : [number]));
    sent.sort(() => next() - 0.5);
    for (const number of sent) if (sequence.accept(number)) taken.push(number);
    expect(new Set(taken).size, `seed ${seed}`).toBe(500);
    expect(taken, `seed ${seed}`).toHaveLength(500);
    expect([sequence.contiguous, sequence.missing, sequence.last]).toEqual([500, 0, 500]);
  });

  test("a hole is known by its size until it is filled", () => {
    const sequence = new EventSequence(10);
    sequence.accept(11);
    sequence.accept(15);
    expect([sequence.contiguous, sequence.missing]).toEqual([11, 3]);
    for (const number of [12, 13, 14]) sequence.accept(number);
    expect([sequence.contiguous, sequence.missing]).toEqual([15, 0]);
  });

  test("what the server does not show to this reader is no hole for ever", () => {
    const sequence = new EventSequence(10);
    sequence.accept(15);
    sequence.cover(14);
    expect([sequence.contiguous, sequence.missing]).toEqual([15, 0]);
  });

  test("an older one is dropped", () => {
    expect(new EventSequence(10).accept(10)).toBe(false);
  });
});

describe("frames", () => {
  test("next, skipped and old are told apart", () => {
    const frames = new FrameSequence(5);
    expect([frames.accept(6), frames.accept(9), frames.accept(7)]).toEqual(["next", "skipped", "old"]);
    frames.cover(20);
    expect(frames.accept(21)).toBe("next");
  });
});

describe("the wait before the next try", () => {
  test("follows the steps within a fifth and never passes the cap", () => {
    expect([0, 1, 2, 3, 4, 5, 6, 600].map((attempt) => retryDelay(attempt, 0.5))).toEqual([0, 1, 2, 5, 10, 15, 30, 30]);
    for (const share of [0, 0.25, 0.999]) {
      expect(retryDelay(4, share)).toBeGreaterThanOrEqual(8);
      expect(retryDelay(4, share)).toBeLessThanOrEqual(12);
      expect(retryDelay(1_000, share)).toBeLessThanOrEqual(CAP_SECONDS);
    }
  });
});
