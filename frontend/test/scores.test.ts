import { beforeEach, expect, test, vi } from "vitest";
import type { ApiClient } from "../src/api/client";
import { ENUMS } from "../src/contracts/tables";
import type { ScoreGroup, ScoresAnswer } from "../src/contracts/types";
import { en } from "../src/i18n/en";
import { setLanguage } from "../src/i18n/language";
import { Painter } from "../src/view/painter";
import { Scores } from "../src/view/scores";

beforeEach(() => {
  setLanguage("en");
  document.body.replaceChildren();
});

const instant = { after_seconds: 0.25, executable_known: 4, executable: 3, edge_known: 2, edge_net: -0.0125, hedged_known: 2, in_favour: 1, hedged_mid: 0.004 };
const group = (name: string, change: Partial<ScoreGroup> = {}): ScoreGroup => ({
  group: name, episodes: 5, scored: 4, unscored: 1, moved_quote: 2, moved_fair: 1, moved_neither: 1, instants: [instant], ...change,
});
const answer = (groups: ScoreGroup[], change: Partial<ScoresAnswer> = {}): ScoresAnswer => ({
  stream: null, day: "2025-05-19", by: "kind", complete: true, groups, ...change,
});

/** The panel, opened, on a server that answers with `scores`. */
function opened(scores: (by: string) => Promise<ScoresAnswer>): void {
  document.body.append(new Scores({ scores } as unknown as ApiClient, new Painter()).element);
  at("scores-toggle").click();
}

const at = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)!;
const text = (id: string) => at(id).textContent;
const choose = (by: string) => {
  const select = at("scores-by") as HTMLSelectElement;
  select.value = by;
  select.dispatchEvent(new Event("change"));
};

test("a group shows its counts, who moved, and each figure with how many it rests on", async () => {
  opened(async () => answer([group("RESIDUAL")]));
  await vi.waitFor(() => expect(text("score-group-RESIDUAL")).toContain("Off the smile · 4 of 5 scored · quote moved 2, fair 1, neither 1"));
  expect(text("score-RESIDUAL-executable")).toBe("Executable75%");
  expect(text("score-RESIDUAL-edge")).toBe("Net edge, ¢-1.3");
  expect(text("score-RESIDUAL-hedged")).toBe("Hedged mid, ¢+0.4");
  expect(text("score-RESIDUAL-favour")).toBe("In favour50%");
  expect(at("score-RESIDUAL-executable").querySelector("td")!.title).toBe("3 of 4 known");
  expect(text("scores-table")).toContain("0.25 s");
});

test("what is not known, or hidden, is a dash and never a zero", async () => {
  const blank = { ...instant, executable_known: 0, executable: 0, edge_net: null, hedged_known: 0, in_favour: 0, hedged_mid: null };
  opened(async () => answer([group("BOX", { instants: [blank] })]));
  await vi.waitFor(() => expect(at("score-group-BOX")).toBeTruthy());
  for (const name of ["executable", "edge", "hedged", "favour"]) expect(text(`score-BOX-${name}`), name).toMatch(/—$/);
});

test("nothing is asked before the panel is open, and what is chosen is what is asked", async () => {
  const scores = vi.fn(async (by: string) => answer([group("deep_otm")], { by: by as ScoresAnswer["by"] }));
  document.body.append(new Scores({ scores } as unknown as ApiClient, new Painter()).element);
  expect(scores).not.toHaveBeenCalled();
  at("scores-toggle").click();
  choose("moneyness");
  await vi.waitFor(() => expect(text("score-group-deep_otm")).toContain("Deep out of the money"));
  expect(scores.mock.calls.map(([by]) => by)).toEqual(["kind", "moneyness"]);
});

test("a late answer to an earlier question is not shown", async () => {
  const waiting: ((answer: ScoresAnswer) => void)[] = [];
  opened(() => new Promise((done) => waiting.push(done)));
  choose("severity");
  waiting[1]!(answer([group("HIGH")], { by: "severity" }));
  await vi.waitFor(() => expect(at("score-group-HIGH")).toBeTruthy());
  waiting[0]!(answer([group("RESIDUAL")]));
  await new Promise((done) => setTimeout(done));
  expect(at("score-group-RESIDUAL")).toBeNull();
});

test("an empty day, a day too long and a server that fails are said in words", async () => {
  opened(async () => answer([]));
  await vi.waitFor(() => expect(text("scores-note")).toBe("No episode yet today."));
  document.body.replaceChildren();
  opened(async () => answer([group("RESIDUAL")], { complete: false }));
  await vi.waitFor(() => expect(text("scores-note")).toContain("these are the newest"));
  document.body.replaceChildren();
  opened(async () => Promise.reject(new Error("the store is full")));
  await vi.waitFor(() => expect(text("scores-note")).toBe("The scores cannot be read: the store is full"));
});

test("a group that is newer than the page is shown by its own name", async () => {
  opened(async () => answer([group("10:30"), group("SOMETHING_NEW")]));
  await vi.waitFor(() => expect(text("score-group-SOMETHING_NEW")).toMatch(/^SOMETHING_NEW · /));
});

test("every way of grouping and every class of moneyness has its text", () => {
  for (const by of ENUMS.ScoreBy) expect(en).toHaveProperty([`scores.by.${by}`]);
  for (const name of ["deep_otm", "otm", "atm", "itm", "deep_itm", "unknown"]) expect(en).toHaveProperty([`moneyness.${name}`]);
});
