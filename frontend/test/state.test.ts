import { afterEach, describe, expect, test, vi } from "vitest";
import { Anomalies } from "../src/state/anomalies";
import { Board } from "../src/state/board";
import { freshness } from "../src/state/freshness";
import { Gaps } from "../src/state/gaps";
import { Health } from "../src/state/health";
import { Latency } from "../src/state/latency";
import { cadenceOf, Samples } from "../src/state/samples";
import { plotData, visibleBands } from "../src/state/timeline";
import { TimeWindow } from "../src/state/window";
import { now } from "../src/api/client";
import type { Frame } from "../src/contracts/types";
import { anomaly, cell, frame, snapshot } from "./messages";

const filled = (times: number[]) => {
  const samples = new Samples(1);
  for (const time of times) samples.put(time, [time]);
  return samples;
};

describe("samples", () => {
  test("late ones find their place and a repeated one replaces itself", () => {
    const samples = filled([10, 30, 20]);
    samples.put(20, [99]);
    expect([samples.times, samples.columns[0]]).toEqual([[10, 20, 30], [10, 99, 30]]);
  });

  test("a session of a sample a second is kept whole, and memory is bounded beyond", () => {
    const samples = new Samples(1);
    for (let time = 0; time < 70_000; time++) samples.put(time, [1]);
    expect(samples.length).toBeGreaterThanOrEqual(23_400);
    expect(samples.length).toBeLessThanOrEqual(30_000);
    expect(samples.lastTime).toBe(69_999);
  });

  test("their rhythm is the middle of the last steps", () => {
    expect(cadenceOf([0, 5, 10, 15, 60, 65])).toBe(5);
    expect(cadenceOf([0, 5])).toBeNull();
  });
});

describe("a line is never drawn across a hole", () => {
  test("not across a gap the server told of", () => {
    const gaps = new Gaps();
    gaps.told({ started_at: "1970-01-01T00:00:12Z", ended_at: "1970-01-01T00:00:18Z", reason: "no_gateway" });
    const data = plotData(filled([0, 5, 10, 20, 25]), gaps.bands, null);
    expect(data.columns[0]).toEqual([0, 5, 10, null, 20, 25]);
    expect(data.times).toEqual([...data.times].sort((a, b) => a - b));
  });

  test("not across a long silence nobody told of", () => {
    expect(plotData(filled([0, 1, 2, 3, 4, 100, 101]), [], null).columns[0]).toEqual([0, 1, 2, 3, 4, null, 100, 101]);
  });

  test("not to the newest value while a gap is open", () => {
    const gaps = new Gaps();
    gaps.channelLost(12);
    expect(plotData(filled([0, 5, 10]), gaps.bands, [20, [7]]).columns[0]).toEqual([0, 5, 10, null, 7]);
  });

  test("but across a channel gap once it is filled", () => {
    const gaps = new Gaps();
    gaps.channelLost(7);
    gaps.channelBack(13);
    gaps.channelFilled();
    expect(plotData(filled([0, 5, 10, 15]), gaps.bands, null).columns[0]).toEqual([0, 5, 10, 15]);
    expect(visibleBands(gaps.bands, 0, 100, 100)).toEqual([]);
  });
});

describe("gaps", () => {
  test("the gateway's is told twice and stays", () => {
    const gaps = new Gaps();
    gaps.told({ started_at: "2025-05-19T14:00:00Z", ended_at: null, reason: "no_gateway" });
    gaps.told({ started_at: "2025-05-19T14:00:00Z", ended_at: "2025-05-19T14:00:05Z", reason: "no_gateway" });
    gaps.channelFilled();
    expect(gaps.bands).toHaveLength(1);
    expect(gaps.bands[0]).toMatchObject({ kind: "gateway", filled: false });
    expect(gaps.bands[0]!.end! - gaps.bands[0]!.start).toBe(5);
  });

  test("the page's own is one until it is heard again, however often the socket fails", () => {
    const gaps = new Gaps();
    gaps.channelLost(10);
    gaps.channelLost(12);
    gaps.channelBack(18);
    expect(gaps.bands).toMatchObject([{ start: 10, end: 18, filled: false }]);
  });
});

describe("anomalies", () => {
  test("live and durable copies merge by id and the later number wins", () => {
    const all = new Anomalies();
    expect(all.put(anomaly(), 5)).toBe(true);
    expect(all.put(anomaly({ status: "closed" }), 9)).toBe(false);
    all.put(anomaly({ status: "update" }), 7);
    expect(all.get("a1")?.status).toBe("closed");
  });

  test("open ones come first, newest first", () => {
    const all = new Anomalies();
    all.put(anomaly({ id: "old", opened_at: "2025-05-19T14:00:00Z" }), 1);
    all.put(anomaly({ id: "new", opened_at: "2025-05-19T14:09:00Z" }), 2);
    all.put(anomaly({ id: "shut", opened_at: "2025-05-19T14:10:00Z", status: "closed" }), 3);
    expect(all.list().map((each) => each.id)).toEqual(["new", "old", "shut"]);
  });

  test("memory is bounded, and what goes is closed and old", () => {
    const all = new Anomalies();
    all.put(anomaly({ id: "open", opened_at: "2020-01-01T00:00:00Z" }), 1);
    for (let number = 0; number < 700; number++) all.put(anomaly({ id: `c${number}`, status: "closed" }), number);
    expect(all.list()).toHaveLength(500);
    expect(all.get("open")).toBeDefined();
  });
});

describe("the market's clock", () => {
  afterEach(() => vi.useRealTimers());

  const started = (change: Partial<Frame> = {}): Board => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const board = new Board(() => undefined);
    board.applyFrame(frame(1, { market_time: "2025-05-19T20:14:30.000Z", rate: 60, data_age: 900, ...change }));
    return board;
  };
  const minute = (board: Board): string => new Date(board.clock.ms()!).toISOString().slice(11, 19);

  test("runs on at the told rate and stands still where the simulated day ends, ages and all", () => {
    const board = started();
    board.clock.endsMs = Date.parse("2025-05-19T20:15:00Z");
    vi.advanceTimersByTime(250);
    expect(minute(board)).toBe("20:14:45");
    vi.advanceTimersByTime(25_000);
    expect(minute(board)).toBe("20:15:00");
    const health = new Health(board, () => null, () => false);
    expect(health.dataAge()).toBe(930);
  });

  test("is not turned back by a message that comes late, and goes on when that one's time has come", () => {
    const board = started();
    vi.advanceTimersByTime(250);
    board.applyFrame(frame(2, { market_time: "2025-05-19T20:14:41.000Z", rate: 60 }));
    expect(minute(board)).toBe("20:14:45");
    vi.advanceTimersByTime(50);
    expect(minute(board)).toBe("20:14:45");
    vi.advanceTimersByTime(100);
    expect(minute(board)).toBe("20:14:50");
  });

  test("follows the message of another rate at once, so that it does not stand when it is slowed down", () => {
    const board = started();
    vi.advanceTimersByTime(250);
    board.applyFrame(frame(2, { market_time: "2025-05-19T20:14:41.000Z", rate: 1 }));
    vi.advanceTimersByTime(1_000);
    expect(minute(board)).toBe("20:14:42");
  });

  test("follows a message of a time long ago, which is another day's", () => {
    const board = started();
    board.applyFrame(frame(2, { market_time: "2025-05-19T14:05:00.000Z", rate: 1 }));
    expect(minute(board)).toBe("14:05:00");
  });

  test("a clock of the wall has no end, and the end of an earlier day holds no later one back", () => {
    const board = started();
    vi.advanceTimersByTime(60_000);
    expect(minute(board)).toBe("21:14:30");
    board.clock.endsMs = Date.parse("2025-05-16T20:15:00Z");
    expect(minute(board)).toBe("20:14:30");
  });
});

describe("the board", () => {
  test("forgets cells outside the subscribed window", () => {
    const board = new Board(() => undefined);
    board.applyFrame(frame(1, { cells: [cell(594, "C"), cell(700, "C")] }));
    expect(board.strikes()).toEqual([594]);
  });

  test("is not overwritten by a snapshot older than the frames it shows", () => {
    const board = new Board(() => undefined);
    board.stream = snapshot().stream;
    board.applyFrame(frame(9, { cells: [cell(594, "C", 5, 6)] }));
    board.applySnapshot(snapshot({ frame: 7, header: frame(7, { cells: [], spot: 1 }), cells: [cell(594, "C", 1, 2), cell(595, "P")] }));
    expect(board.cell("C", 594)![2]).toBe(5);
    expect(board.cell("P", 595)).toBeDefined();
    expect(board.header!.frame).toBe(9);
  });
});

test("amber beyond three beats, red beyond ten, and a fast beat is judged with patience", () => {
  expect([2.9, 3.1, 10.1].map((age) => freshness(age, 1))).toEqual(["fresh", "late", "old"]);
  expect(freshness(1.4, 0.05)).toBe("fresh");
  expect(freshness(null, 1)).toBe("unknown");
});

test("latency counts each received packet once, from receive to paint, and nothing that slept", () => {
  const latency = new Latency();
  latency.received(1_000);
  latency.received(1_000);
  latency.received(null);
  latency.received(1_010);
  latency.painted(1_050, 0);
  expect([latency.count, latency.quantile(0), latency.quantile(1)]).toEqual([2, 40, 50]);
  expect([latency.quantile(1, 1), latency.quantile(0, 1), latency.quantile(0.5, 0)]).toEqual([40, 40, null]);
  latency.received(1_100);
  latency.forgetWaiting();
  latency.painted(9_999, 0);
  expect(latency.count).toBe(2);
});

test("scrolled back, the window stays where it was put while time goes on", () => {
  const window = new TimeWindow();
  window.span = "quarter";
  window.shift(-1, 0, 10_000);
  const held = window.range(0, 10_000);
  expect(window.live).toBe(false);
  expect(window.range(0, 20_000)).toEqual(held);
  window.shift(-1, 19_950, 20_000);
  expect(window.range(19_950, 20_100), "a start shorter than the window is held where it was").toEqual([19_820, 20_000]);
  window.follow();
  expect(window.range(0, 20_000)[1]).toBe(20_000);
});

describe("the colour of the quotes' age", () => {
  const health = (data: "live" | "stale" | "closed" | "no_gateway", secondsAgo = 0) => {
    const board = new Board(() => undefined);
    board.header = frame(1, { data });
    board.headerAt = now() - 1000 * secondsAgo;
    return new Health(board, () => null, () => false);
  };

  test("is never good while beats go on without live data", () => {
    expect(health("live").ageLevel()).toBe("good");
    expect(health("stale").ageLevel()).toBe("bad");
    expect(health("no_gateway").ageLevel()).toBe("bad");
    expect(health("closed").ageLevel()).toBe("none");
  });

  test("nothing made of quotes is fresh while beats go on without live data, whatever rhythm it has of its own", () => {
    expect((["live", "stale", "no_gateway", "closed"] as const).map((data) => health(data).quotes())).toEqual(["fresh", "old", "old", "unknown"]);
    expect(health("stale").quotesAnd("fresh")).toBe("old");
    expect(health("closed").quotesAnd("late")).toBe("unknown");
    expect(health("live").quotesAnd("late")).toBe("late");
    expect(health("live", 2).quotesAnd("fresh")).toBe("late");
    expect(health("live", 2).quotesAnd("old")).toBe("old");
  });

  test("follows the beat while data is live", () => {
    expect(health("live", 60).ageLevel()).toBe("bad");
    expect(new Health(new Board(() => undefined), () => null, () => false).ageLevel()).toBe("none");
  });
});
