import { describe, expect, test, vi } from "vitest";
import type { ApiClient } from "../src/api/client";
import type { DurableEvent, Stream } from "../src/contracts/types";
import { Session } from "../src/live/session";
import { Board } from "../src/state/board";
import { anomaly, anomalyEvent, cell, frame, history, live, marketEvent, snapshot, STREAM } from "./messages";

/** An API over a list of stored events; a test may change what it answers. */
function world(stored: DurableEvent[] = []) {
  const board = new Board(() => undefined);
  const answers = { snapshot: snapshot(), stored, newestEpoch: 1, asked: [] as number[] };
  const api = {
    snapshot: vi.fn(async () => structuredClone(answers.snapshot)),
    history: vi.fn(async () => history()),
    smile: vi.fn(async () => ({ market_time: null, smile: null })),
    events: vi.fn(async (stream: Stream, after: number, limit: number) => {
      answers.asked.push(after);
      const events = answers.stored.filter((event) => event.seq > after).slice(0, limit);
      return { stream, newest_epoch: answers.newestEpoch, last_seq: answers.stored.at(-1)?.seq ?? 0, events };
    }),
  };
  const opened: string[] = [];
  const session = new Session(board, api as unknown as ApiClient, (each) => opened.push(each.id), () => undefined);
  return { board, api, answers, session, opened };
}

const started = async (stored: DurableEvent[] = []) => {
  const all = world(stored);
  await all.session.resyncNow();
  return all;
};

describe("frames", () => {
  test("that come while the snapshot is on its way are applied on top of it, older ones are not", async () => {
    const { session, answers, board } = world();
    answers.snapshot = snapshot({ frame: 5, header: frame(5, { cells: [] }), cells: [cell(594, "C", 5, 6)] });
    const reading = session.resyncNow();
    session.onFrame(frame(4, { cells: [cell(594, "C", 4, 5)] }));
    session.onFrame(frame(6, { cells: [cell(595, "C", 6, 7)] }));
    await reading;
    expect([board.cell("C", 594)![2], board.cell("C", 595)![2], session.frames.last]).toEqual([5, 6, 6]);
  });

  test("missing ones make the page read the snapshot again, not once a frame", async () => {
    const { session, api } = await started();
    vi.useFakeTimers();
    session.onFrame(frame(1));
    for (const number of [5, 9, 13]) session.onFrame(frame(number));
    await vi.advanceTimersByTimeAsync(1_500);
    vi.useRealTimers();
    expect(session.counters.skippedFrames).toBe(3);
    expect(api.snapshot).toHaveBeenCalledTimes(2);
  });

  test("duplicates and older ones change nothing", async () => {
    const { session, board } = await started();
    session.onFrame(frame(1, { cells: [cell(594, "C", 7, 8)] }));
    session.onFrame(frame(1, { cells: [cell(594, "C", 1, 2)] }));
    expect([board.cell("C", 594)![2], session.counters.duplicates]).toEqual([7, 1]);
  });
});

describe("durable events", () => {
  test("a hole is fetched after the last contiguous number, and each event is applied once", async () => {
    const stored = [1, 2, 3, 4, 5].map((seq) => marketEvent(seq));
    const { session, answers, board } = await started();
    session.onEvent(live(stored[0]!));
    session.onEvent(live(stored[4]!));
    answers.stored = stored;
    expect(session.sequence.missing).toBe(3);
    await vi.waitFor(() => expect(session.sequence.missing).toBe(0));
    expect(answers.asked.at(-1)).toBe(1);
    expect([session.counters.backfilled, board.market.length]).toEqual([3, 5]);
  });

  test("a store that is behind the hub is asked again", async () => {
    const { session, answers, api } = await started();
    session.onEvent(live(marketEvent(3)));
    await vi.waitFor(() => expect(api.events).toHaveBeenCalled());
    expect(session.sequence.missing).toBe(2);
    answers.stored = [1, 2, 3].map((seq) => marketEvent(seq));
    await vi.waitFor(() => expect(session.sequence.missing).toBe(0), 3_000);
  });

  test("what was sent while the page was away is there after it comes back", async () => {
    const { session, answers, board, opened } = await started([marketEvent(1)]);
    session.lost();
    answers.stored = [marketEvent(1), anomalyEvent(2, anomaly()), marketEvent(3)];
    answers.snapshot = snapshot({ seq: 3 });
    await session.resyncNow();
    expect([session.sequence.contiguous, opened, board.market.length]).toEqual([3, ["a1"], 2]);
    expect(board.anomalies.get("a1")).toBeDefined();
  });

  test("a snapshot's anomalies are not announced, a new one is", async () => {
    const { session, answers, opened } = world();
    answers.snapshot = snapshot({ seq: 4, anomalies: [anomaly()] });
    await session.resyncNow();
    session.onEvent(live(anomalyEvent(5, anomaly({ id: "b" }))));
    expect(opened).toEqual(["b"]);
  });

  test("a message that does not fit is counted and shown nowhere", async () => {
    const { session, board } = await started();
    session.onEvent(live({ ...anomalyEvent(1, anomaly({ severity: "<b>" as never })) }));
    session.onEvent({ ...live(anomalyEvent(2, anomaly())), v: 2 });
    session.onFrame("nonsense");
    expect([session.counters.rejected, board.anomalies.list()]).toEqual([3, []]);
  });
});

describe("another stream", () => {
  test("an older epoch is dropped and counted", async () => {
    const { session, answers, board, api } = world();
    answers.snapshot = snapshot({ stream: { ...STREAM, epoch: 2 } });
    await session.resyncNow();
    session.onEvent(live(marketEvent(9), { ...STREAM, epoch: 1 }));
    expect([session.counters.foreign, board.market.length, api.snapshot.mock.calls.length]).toEqual([1, 0, 1]);
  });

  test("a new epoch is read from its snapshot, the old one's tail first, and closes what the old one opened", async () => {
    const { session, answers, board } = world();
    answers.snapshot = snapshot({ seq: 7, anomalies: [anomaly()] });
    answers.stored = [marketEvent(8)];
    await session.resyncNow();
    answers.snapshot = snapshot({ stream: { ...STREAM, epoch: 2 }, seq: 0, anomalies: [anomaly()] });
    session.onFrame(frame(1, { epoch: 2 }));
    await vi.waitFor(() => expect(board.stream!.epoch).toBe(2), 3_000);
    expect(board.market.length).toBe(1);
    session.onEvent(live(anomalyEvent(1, anomaly({ status: "closed" })), { ...STREAM, epoch: 2 }));
    expect(board.anomalies.get("a1")!.status).toBe("closed");
  });

  test("a new run leaves nothing of the old one on the board", async () => {
    const { session, answers, board } = world();
    answers.snapshot = snapshot({ seq: 1, anomalies: [anomaly()], cells: [cell(594, "C")] });
    await session.resyncNow();
    answers.snapshot = snapshot({ stream: { ...STREAM, run: "r2" } });
    session.onFrame(frame(1, { run: "r2" }));
    await vi.waitFor(() => expect(board.stream!.run).toBe("r2"), 3_000);
    expect([board.anomalies.list(), board.strikes()]).toEqual([[], []]);
  });
});

test("ten thousand events with losses on the way end whole, once each", async () => {
  const seed = Date.now() % 1e6;
  let state = seed;
  const next = () => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32;
  const all = Array.from({ length: 10_000 }, (_, index) => anomalyEvent(index + 1, anomaly({ id: `i${index % 50}`, episode: (index % 1000) + 1 })));
  const { session, answers } = await started();
  answers.stored = all;
  for (const event of all) if (next() > 0.1) session.onEvent(live(event));
  session.onEvent(live(all.at(-1)!));
  await vi.waitFor(() => expect(session.sequence.contiguous, `seed ${seed}`).toBe(10_000), 10_000);
  expect(session.counters.backfilled, `seed ${seed}`).toBeGreaterThan(0);
}, 20_000);
