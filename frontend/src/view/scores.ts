/** How the day's episodes turned out, added up by the server; read only while the panel is open. Works nothing out. */
import type { ApiClient } from "../api/client";
import { ENUMS } from "../contracts/tables";
import type { ScoreBy, ScoreGroup, ScoreInstant, ScoresAnswer } from "../contracts/types";
import { fixed, MISSING, percent, signed, whole } from "../format";
import { t, type Key } from "../i18n/language";
import { button, el, Line } from "./dom";
import type { Painter } from "./painter";

const POLL_MS = 10_000;
const CENTS = 100;
const MONEYNESS: readonly string[] = ["deep_otm", "otm", "atm", "itm", "deep_itm", "unknown"];

/** The rows of a group: their names, and what stands in one cell. */
const MEASURES: readonly (readonly [Key, (instant: ScoreInstant) => readonly [text: string, help: string]])[] = [
  ["scores.executable", ({ executable, executable_known }) => share(executable, executable_known)],
  ["scores.edge", ({ edge_net, edge_known }) => mean(edge_net, edge_known)],
  ["scores.hedged", ({ hedged_mid, hedged_known }) => mean(hedged_mid, hedged_known)],
  ["scores.favour", ({ in_favour, hedged_known }) => share(in_favour, hedged_known)],
];

export class Scores {
  readonly element: HTMLElement;
  private readonly by = el("select", { testid: "scores-by", label: "scores.by" });
  private readonly show = button({ class: "toggle", text: "scores.show", title: "scores.help", testid: "scores-toggle" }, () => this.toggle());
  private readonly note = new Line("p", { class: "note", testid: "scores-note", attributes: { role: "status" } });
  private readonly table = el("table", { class: "scores", testid: "scores-table", label: "scores.title" });
  private readonly panel = el("div", { class: "scores-box" }, this.note.element, this.table);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asked = 0;
  private answer: ScoresAnswer | null = null;
  private problem = "";

  constructor(
    private readonly api: ApiClient,
    painter: Painter,
  ) {
    for (const by of ENUMS.ScoreBy) this.by.append(el("option", { text: `scores.by.${by}`, attributes: { value: by } }));
    this.by.addEventListener("change", () => void this.read());
    this.show.setAttribute("aria-pressed", "false");
    this.by.hidden = this.panel.hidden = true;
    const bar = el("div", { class: "bar" }, el("h2", { text: "scores.title" }), this.by, this.show);
    this.element = el("section", { class: "panel", label: "scores.title" }, bar, this.panel);
    painter.add(["language"], () => this.draw());
  }

  private toggle(): void {
    const on = this.panel.hidden;
    this.by.hidden = this.panel.hidden = !on;
    this.show.setAttribute("aria-pressed", String(on));
    clearTimeout(this.timer);
    if (on) void this.read();
  }

  /** Only the newest question counts: an answer to an earlier one may come after it. */
  private async read(): Promise<void> {
    clearTimeout(this.timer);
    const asked = ++this.asked;
    if (!document.hidden) {
      try {
        const answer = await this.api.scores(this.by.value as ScoreBy);
        if (asked !== this.asked) return;
        [this.answer, this.problem] = [answer, ""];
      } catch (error) {
        if (asked !== this.asked) return;
        this.problem = error instanceof Error ? error.message : MISSING;
      }
      this.draw();
    }
    if (!this.panel.hidden) this.timer = setTimeout(() => void this.read(), POLL_MS);
  }

  private draw(): void {
    const { answer } = this;
    this.note.set(this.problem ? t("scores.unavailable", { why: this.problem }) : answer ? noteOf(answer) : "");
    this.note.element.hidden = !this.problem && (!answer || noteOf(answer) === "");
    if (!answer) return;
    const instants = answer.groups[0]?.instants ?? [];
    const after = instants.map(({ after_seconds: n }) => fixed(n, Number.isInteger(n) ? 0 : 2));
    const head = after.map((n) => headCell("col", t("unit.seconds", { n })));
    const groups = answer.groups.map((group) => body(group, answer.by));
    this.table.replaceChildren(el("thead", {}, el("tr", {}, headCell("col", t("scores.after")), ...head)), ...groups);
    this.table.hidden = answer.groups.length === 0;
  }
}

function noteOf({ groups, complete }: ScoresAnswer): string {
  if (groups.length === 0) return t("scores.none");
  return complete ? "" : t("scores.incomplete");
}

function body(group: ScoreGroup, by: ScoreBy): HTMLElement {
  const counts = {
    name: groupName(group.group, by),
    scored: whole(group.scored),
    episodes: whole(group.episodes),
    quote: whole(group.moved_quote),
    fair: whole(group.moved_fair),
    neither: whole(group.moved_neither),
  };
  const title = headCell("rowgroup", t("scores.group", counts));
  title.colSpan = 1 + group.instants.length;
  const rows = MEASURES.map(([name, figure]) => {
    const cells = group.instants.map((instant) => {
      const [text, help] = figure(instant);
      const cell = el("td", { attributes: { title: help } });
      cell.textContent = text;
      return cell;
    });
    return el("tr", { testid: `score-${group.group}-${name.slice("scores.".length)}` }, headCell("row", t(name)), ...cells);
  });
  return el("tbody", { testid: `score-group-${group.group}` }, el("tr", {}, title), ...rows);
}

function headCell(scope: string, text: string): HTMLTableCellElement {
  const cell = el("th", { attributes: { scope } });
  cell.textContent = text;
  return cell;
}

/** A name newer than this page is shown as it is. */
function groupName(group: string, by: ScoreBy): string {
  const known: Readonly<Record<ScoreBy, readonly string[]>> = { kind: ENUMS.Kind, severity: ENUMS.Severity, moneyness: MONEYNESS, half_hour: [] };
  return known[by].includes(group) ? t(`${by}.${group}` as Key) : group;
}

function share(part: number, all: number): readonly [string, string] {
  return [all ? percent(part / all, 0) : MISSING, t("scores.share", { part: whole(part), all: whole(all) })];
}

function mean(dollars: number | null, known: number): readonly [string, string] {
  return [dollars === null ? MISSING : signed(dollars * CENTS, 1), t("scores.mean", { n: whole(known) })];
}
