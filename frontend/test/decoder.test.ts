import { describe, expect, test } from "vitest";
import { decode, Rejected } from "../src/decode/decoder";
import { anomaly, anomalyEvent, cell, frame, snapshot } from "./messages";

const bent = (change: object) => JSON.parse(JSON.stringify({ ...frame(1), ...change }));

describe("a message that fits", () => {
  test("is handed on as it is", () => {
    expect(decode("Frame", bent({})).cells[0]![0]).toBe(594);
    expect(decode("Snapshot", snapshot({ anomalies: [anomaly()] })).anomalies).toHaveLength(1);
  });

  test("may leave out what has a default, and gets the default", () => {
    const short = bent({});
    delete short.rate;
    delete short.spot_bid;
    expect(decode("Frame", short)).toMatchObject({ rate: 1, spot_bid: null });
  });

  test("may carry a field from tomorrow", () => {
    expect(decode("Frame", bent({ tomorrow: 1 })).frame).toBe(1);
  });
});

describe("a message that does not fit is refused, with the place", () => {
  const cases: [string, object, string][] = [
    ["a number out of bounds", { atm_vol: 51 }, ".atm_vol"],
    ["NaN, which JSON cannot carry but a bug can", { spot: null, beat: 0 }, ".beat"],
    ["a state nobody knows", { state: "MOON" }, ".state"],
    ["another wire version", { v: 2 }, ".v"],
    ["text for a number", { spot: "594" }, ".spot"],
    ["markup in an identifier", { run: "<img src=x>" }, ".run"],
    ["a time without a zone", { market_time: "2025-05-19T14:05:00" }, ".market_time"],
    ["a fraction for a count", { frame: 1.5 }, ".frame"],
    ["a cell with too few columns", { cells: [cell(594, "C").slice(0, 5)] }, ".cells[0]"],
    ["a right that is neither", { cells: [Object.assign([...cell(594, "C")], { 1: "X" })] }, ".cells[0][1]"],
    ["too many cells", { cells: Array.from({ length: 401 }, () => cell(594, "C")) }, ".cells"],
    ["an array for an object", { cells: {} }, ".cells"],
  ];
  test.each(cases)("%s", (_, change, where) => {
    const error = (() => {
      try {
        decode("Frame", bent(change));
        return null;
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toBeInstanceOf(Rejected);
    expect((error as Rejected).where).toBe(where);
  });

  test.each([null, undefined, 5, "x", [], true])("%s is no frame", (value) => {
    expect(() => decode("Frame", value)).toThrow(Rejected);
  });

  test("an event of an unknown type", () => {
    expect(() => decode("DurableEvent", { ...anomalyEvent(1, anomaly()), type: "surprise" })).toThrow(Rejected);
  });

  test("an anomaly with a leg that is not one", () => {
    const body = anomaly({ legs: [{ side: "HOLD" } as never] });
    expect(() => decode("DurableEvent", anomalyEvent(1, body))).toThrow(/legs\[0\]/);
  });
});

test("decoding a thousand frames of sixty cells leaves their order and values alone", () => {
  const cells = Array.from({ length: 60 }, (_, index) => cell(560 + (index >> 1), index % 2 ? "P" : "C", index / 100, index));
  for (let number = 1; number <= 1_000; number++) {
    const read = decode("Frame", frame(number, { cells }));
    expect(read.cells.at(-1)![2]).toBe(0.59);
  }
});
