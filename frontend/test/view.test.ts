import { beforeEach, describe, expect, test } from "vitest";
import { compact, countdown, duration, MISSING, price, signed } from "../src/format";
import { en } from "../src/i18n/en";
import { es } from "../src/i18n/es";
import { plural, setLanguage, t, type Key } from "../src/i18n/language";
import { COLUMN, ENUMS, FLAG_BITS } from "../src/contracts/tables";
import type { Cell } from "../src/contracts/types";
import { Board } from "../src/state/board";
import { AnomalyList } from "../src/view/anomaly_list";
import { Chain } from "../src/view/chain";
import { el } from "../src/view/dom";
import { Painter } from "../src/view/painter";
import { anomaly, cell, frame } from "./messages";

beforeEach(() => {
  setLanguage("en");
  document.body.replaceChildren();
});

const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

function chainOf(forward: number, low: number, high: number) {
  const painter = new Painter();
  const board = new Board(painter.touch);
  const chain = new Chain(board, painter, el("span"));
  document.body.append(chain.element);
  const cells = Array.from({ length: high - low + 1 }, (_, index) => low + index).flatMap((strike) => [
    cell(strike, "C", strike / 100, null),
    cell(strike, "P", null, strike / 100),
  ]);
  board.applyFrame(frame(1, { forward, strike_low: low, strike_high: high, cells }));
  return { board, chain };
}

const texts = (selector: string) => [...document.querySelectorAll(selector)].map((each) => each.textContent);

describe("the chain", () => {
  test("shows 20 strikes either side of the money in order, calls left of the strike and puts right", async () => {
    chainOf(594.2, 550, 640);
    await painted();
    const strikes = texts("tbody th").map(Number);
    expect(strikes).toEqual(Array.from({ length: 41 }, (_, index) => 574 + index));
    expect(texts('tr[aria-current="true"] th')).toEqual(["594"]);
    const classes = [...document.querySelectorAll('[data-testid="row-594"] > *')].map((each) => each.className.split(" ")[0]);
    expect(classes.indexOf("strike")).toBe(classes.lastIndexOf("call") + 1);
    expect(classes.indexOf("put")).toBe(classes.indexOf("strike") + 1);
  });

  test("puts bid and ask next to the strike on both sides, bid first", async () => {
    chainOf(594.2, 590, 598);
    await painted();
    const order = [...document.querySelectorAll<HTMLElement>('[data-testid="row-594"] > *')].map((each) => each.dataset.testid);
    const middle = order.indexOf("strike-594");
    expect(order.slice(middle - 2, middle + 3)).toEqual(["cell-C-594-bid", "cell-C-594-ask", "strike-594", "cell-P-594-bid", "cell-P-594-ask"]);
  });

  test("marks a quote that is too wide and one that comes late, each with its meaning", async () => {
    const { board } = chainOf(594.2, 590, 598);
    const both = (1 << FLAG_BITS.indexOf("WIDE")) | (1 << FLAG_BITS.indexOf("DELAYED"));
    const marked = Object.assign([...cell(594, "C")], { [COLUMN.flags]: both }) as unknown as Cell;
    board.applyFrame(frame(2, { forward: 594.2, strike_low: 590, strike_high: 598, cells: [marked] }));
    await painted();
    const mark = document.querySelector<HTMLElement>('[data-testid="cell-C-594-flags"]')!;
    expect([mark.textContent, mark.getAttribute("aria-label")]).toEqual(["WD", "Unusually wide; Delayed quote"]);
  });

  test("follows the money, keeping one row a strike", async () => {
    const { board } = chainOf(594.2, 550, 640);
    await painted();
    board.applyFrame(frame(2, { forward: 597.9, strike_low: 550, strike_high: 640, cells: [] }));
    await painted();
    expect(texts('tr[aria-current="true"] th')).toEqual(["598"]);
    expect(texts("tbody th")).toHaveLength(41);
  });

  test("a missing value is a dash, never a zero, and a real zero is a zero", async () => {
    const { board } = chainOf(594.2, 594, 594);
    await painted();
    expect(texts('[data-testid="cell-C-594-ask"]')).toEqual([MISSING]);
    board.applyFrame(frame(2, { strike_low: 594, strike_high: 594, cells: [cell(594, "C", 0, null)] }));
    await painted();
    expect(texts('[data-testid="cell-C-594-bid"]')).toEqual(["0.00"]);
  });

  test("marks every leg of an open anomaly and lets go when it closes", async () => {
    const { board } = chainOf(594.2, 590, 598);
    const leg = { ratio: 1, bid: 1, ask: 2, bid_size: null, ask_size: null, bid_exchange: null, ask_exchange: null };
    const legs = [
      { ...leg, option_type: "CALL", strike: 595, side: "BUY" },
      { ...leg, option_type: "CALL", strike: 596, side: "SELL" },
    ] as const;
    board.anomalies.put(anomaly({ strike: 595, legs, severity: "MEDIUM" }), 1);
    board.touch("anomalies");
    await painted();
    const marked = () => [...document.querySelectorAll<HTMLElement>("[data-call-severity]")].map((row) => row.dataset.strike);
    expect(marked()).toEqual(["595", "596"]);
    board.anomalies.put(anomaly({ strike: 595, legs, status: "closed" }), 2);
    board.touch("anomalies");
    await painted();
    expect(marked()).toEqual([]);
  });
});

describe("anomalies", () => {
  test("hostile text in every string the contract lets through stays text", async () => {
    const painter = new Painter();
    const board = new Board(painter.touch);
    const list = new AnomalyList(board, painter, el("span"), () => undefined);
    document.body.append(list.element);
    board.anomalies.put(anomaly({ id: "<img src=x onerror=alert(1)>" as never }), 1);
    board.touch("anomalies");
    await painted();
    list.element.querySelector<HTMLButtonElement>("button.line")!.click();
    expect(document.querySelector("img")).toBeNull();
    expect(texts('[data-testid="anomaly-row"]')[0]).toContain("Off the smile");
  });

  describe("of a long day", () => {
    const time = (n: number) => new Date(Date.UTC(2025, 4, 19, 13, 30, n)).toISOString();
    const rows = () => [...document.querySelectorAll<HTMLElement>('[data-testid="anomaly-row"]')].map((row) => row.dataset.id);
    const part = (testid: string) => document.querySelector<HTMLButtonElement>(`[data-testid="${testid}"]`)!;
    const nodes = (root: Node): number => 1 + [...root.childNodes].reduce((sum, child) => sum + nodes(child), 0);

    async function listOf(count: number) {
      const painter = new Painter();
      const board = new Board(painter.touch);
      const list = new AnomalyList(board, painter, el("span"), () => undefined);
      document.body.append(list.element);
      const add = async (first: number, last: number) => {
        for (let n = first; n < last; n += 1) board.anomalies.put(anomaly({ id: `a${n}`, status: "closed", opened_at: time(n) }), n + 1);
        board.touch("anomalies");
        await painted();
      };
      await add(0, count);
      return { list, add };
    }

    test("the newest stand in the list, all are counted, and it says how many more there are", async () => {
      await listOf(75);
      expect(rows()).toHaveLength(30);
      expect(rows()[0]).toBe("a74");
      expect(texts('[data-testid="anomaly-count"]')).toEqual(["open 0 · closed 75"]);
      expect(part("anomaly-more").textContent).toBe("and 45 more");
    });

    test("older ones are reached page by page, and back", async () => {
      await listOf(75);
      part("anomaly-more").click();
      expect(rows()).toHaveLength(60);
      expect(part("anomaly-more").textContent).toBe("and 15 more");
      part("anomaly-more").click();
      expect(rows().at(-1)).toBe("a0");
      expect(part("anomaly-more").hidden).toBe(true);
      part("anomaly-fewer").click();
      expect(rows()).toHaveLength(30);
    });

    test("more anomalies add no nodes to a full list", async () => {
      const { list, add } = await listOf(40);
      const before = nodes(list.element);
      await add(40, 400);
      expect(nodes(list.element)).toBe(before);
    });

    test("a card that is being read stays when newer ones push it out of the page", async () => {
      const { add } = await listOf(30);
      document.querySelector<HTMLButtonElement>('[data-id="a0"] button')!.click();
      await add(30, 50);
      expect(rows()).toHaveLength(31);
      expect(rows().at(-1)).toBe("a0");
      expect(part("anomaly-more").textContent).toBe("and 19 more");
      document.querySelector<HTMLButtonElement>('[data-id="a0"] button')!.click();
      await add(50, 51);
      expect(rows()).toHaveLength(30);
    });
  });

  test("an opened card stays the same element when its anomaly is updated and others arrive", async () => {
    const painter = new Painter();
    const board = new Board(painter.touch);
    const list = new AnomalyList(board, painter, el("span"), () => undefined);
    document.body.append(list.element);
    board.anomalies.put(anomaly(), 1);
    board.touch("anomalies");
    await painted();
    const before = list.element.querySelector('[data-id="a1"]')!;
    before.querySelector("button")!.click();
    board.anomalies.put(anomaly({ severity: "LOW", timestamp: "2025-05-19T15:00:00Z" }), 2);
    board.anomalies.put(anomaly({ id: "b", opened_at: "2025-05-19T15:00:00Z" }), 3);
    board.touch("anomalies");
    await painted();
    expect(list.element.querySelector('[data-id="a1"]')).toBe(before);
    expect(before.querySelector("button")!.getAttribute("aria-expanded")).toBe("true");
    expect((before as HTMLElement).dataset.severity).toBe("LOW");
  });
});

describe("languages", () => {
  test("every text of English is in Spanish with the same places to fill", () => {
    const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
    for (const key of Object.keys(en) as Key[]) expect(places(es[key]), key).toEqual(places(en[key]));
  });

  test("every value of every closed vocabulary that is shown has its text", () => {
    const stems = { MarketState: "state", DataState: "data", FeedState: "feed", Kind: "kind", Reason: "reason", Severity: "severity",
      Source: "source", CloseReason: "closed", Mover: "moved", Flag: "flag", SmileQuality: "smile", GapReason: "gap.reason", StorageState: "storage",
      Side: "side", OptionType: "right" } as const;
    for (const [name, stem] of Object.entries(stems)) {
      for (const value of ENUMS[name as keyof typeof stems]) expect(en, `${stem}.${value}`).toHaveProperty([`${stem}.${value}`]);
    }
    for (const flag of FLAG_BITS) expect(en).toHaveProperty([`flag.${flag}.glyph`]);
    for (const state of ENUMS.MarketState) expect(en).toHaveProperty([`state.${state}.help`]);
  });

  test("numbers, plurals and the page's own language follow", () => {
    expect([price(1234.5), signed(0.5, 2), plural("count.new", 1)]).toEqual(["1,234.50", "+0.50", "1 new anomaly"]);
    setLanguage("es");
    expect([price(0.45), duration(0.4), plural("count.new", 2)]).toEqual(["0,45", "0,4 s", "2 anomalías nuevas"]);
    expect(document.documentElement.lang).toBe("es");
  });

  test("no text promises what no trade can", () => {
    for (const text of [...Object.values(en), ...Object.values(es)]) expect(text).not.toMatch(/risk.?free|riskless|guarantee|sin riesgo|garantiza/i);
  });

  test("a place without a value stays visible instead of vanishing", () => {
    expect(t("age.text")).toBe("{age} ago");
  });
});

test("a number that rounds to nothing has no sign", () => {
  expect([price(-0.001), signed(-0.0001, 2)]).toEqual(["0.00", "0.00"]);
});

test("counts and times fit their columns", () => {
  expect([0, 999, 1_000, 12_345, 999_949, 999_950, 3_400_000, null].map(compact)).toEqual(["0", "999", "1K", "12.3K", "999.9K", "1M", "3.4M", MISSING]);
  expect([countdown(21_262), countdown(-1), countdown(null), duration(185), duration(8_100)]).toEqual(["5:54:22", "0:00:00", MISSING, "3 min 05 s", "2 h 15 min"]);
});
