/** The chain: 20 strikes either side of the money, strike in the middle, kept centred while it follows. */
import type { Severity } from "../contracts/types";
import { t } from "../i18n/language";
import { isOpen, moreSevere } from "../state/anomalies";
import { type Board, cellKey } from "../state/board";
import { COLUMNS } from "./chain_columns";
import { arrange, ChainRow, type Right } from "./chain_row";
import { button, el, Line, type Options } from "./dom";
import { Heat } from "./heat";
import type { Painter } from "./painter";

const EACH_SIDE = 20;

export class Chain {
  readonly element: HTMLElement;
  private readonly body = el("tbody");
  private readonly scroller: HTMLElement;
  private readonly follow: HTMLButtonElement;
  private readonly empty = new Line("p", { class: "note", testid: "chain-note", attributes: { role: "status" } });
  private readonly rows = new Map<number, ChainRow>();
  private strikes: number[] = [];
  private strikesVersion = -1;
  private atm: number | null = null;
  private following = true;
  private severities = new Map<string, Severity>();
  private anomaliesVersion = -1;
  private again = false;
  private knownStrikes: number[] = [];
  private placedFor: number | null | undefined = undefined;
  private placedVersion = -1;

  constructor(
    private readonly board: Board,
    painter: Painter,
    age: HTMLElement,
  ) {
    const heat = new Heat(board, this.rows, painter);
    this.follow = button({ class: "toggle", text: "chain.follow", title: "chain.follow.help", testid: "follow-atm" }, () =>
      this.setFollowing(!this.following),
    );
    this.follow.setAttribute("aria-pressed", "true");
    const table = el("table", { class: "chain" }, el("caption", { class: "hidden", text: "chain.caption" }), head(), this.body);
    this.scroller = el(
      "div",
      { class: "scroller", testid: "chain", label: "chain.label", attributes: { tabindex: "0", role: "region" } },
      table,
    );
    for (const kind of ["wheel", "touchmove"] as const) {
      this.scroller.addEventListener(kind, () => this.setFollowing(false), { passive: true });
    }
    this.scroller.addEventListener("keydown", (event) => {
      if (/^(Arrow(Up|Down)|Page(Up|Down)|Home|End)$/.test(event.key)) this.setFollowing(false);
    });
    this.element = el(
      "section",
      { class: "panel chain-panel", label: "chain.title" },
      el("div", { class: "bar" }, el("h2", { text: "chain.title" }), age, heat.controls, this.follow),
      this.empty.element,
      this.scroller,
    );
    painter.add(["chain", "header", "anomalies"], () => this.draw());
    painter.add(["language"], () => {
      this.again = true;
      this.draw();
    });
    addEventListener("resize", () => this.following && this.centre());
  }

  /** Brings a contract into view and points at it; following stops, or it would be carried off again. */
  show(right: Right, strike: number): void {
    const row = this.rows.get(strike);
    if (!row) return;
    this.setFollowing(false);
    this.scrollTo(row);
    row.element.classList.remove("pointed");
    requestAnimationFrame(() => row.element.classList.add("pointed"));
    row.element.dataset.pointed = right;
  }

  private setFollowing(following: boolean): void {
    if (following === this.following) return;
    this.following = following;
    this.follow.setAttribute("aria-pressed", String(following));
    if (following) this.centre();
  }

  private draw(): void {
    const forward = this.board.header?.forward ?? this.board.header?.spot ?? null;
    const changed = this.layOut(forward);
    const all = this.again;
    this.again = false;
    for (const strike of this.strikes) {
      this.rows.get(strike)?.update(this.board.cell("C", strike), this.board.cell("P", strike), all);
    }
    this.highlight(changed);
    if (changed && this.following) this.centre();
  }

  /** Keeps one row a strike; true when rows or the money moved. */
  private layOut(forward: number | null): boolean {
    const fresh = this.board.strikesVersion !== this.strikesVersion;
    const all = fresh ? this.board.strikes() : this.knownStrikes;
    if (fresh) this.knownStrikes = all;
    const atm = nearest(all, forward);
    if (!fresh && atm === this.atm) {
      this.place(forward);
      return false;
    }
    this.strikesVersion = this.board.strikesVersion;
    this.atm = atm;
    const middle = atm === null ? all.length >> 1 : all.indexOf(atm);
    this.strikes = all.slice(Math.max(0, middle - EACH_SIDE), middle + EACH_SIDE + 1);
    const wanted = new Set(this.strikes);
    for (const [strike, row] of this.rows) {
      if (wanted.has(strike)) continue;
      row.element.remove();
      this.rows.delete(strike);
    }
    this.strikes.forEach((strike, index) => {
      let row = this.rows.get(strike);
      if (!row) this.rows.set(strike, (row = new ChainRow(strike)));
      const there = this.body.children[index] ?? null;
      if (there !== row.element) this.body.insertBefore(row.element, there);
    });
    this.empty.set(all.length ? "" : t("chain.empty"));
    this.empty.element.hidden = all.length > 0;
    this.place(forward);
    return true;
  }

  private place(forward: number | null): void {
    const side = forward === null ? null : Math.floor(forward * 4);
    if (side === this.placedFor && this.strikesVersion === this.placedVersion) return;
    this.placedFor = side;
    this.placedVersion = this.strikesVersion;
    for (const row of this.rows.values()) row.place(row.strike === this.atm, forward);
  }

  private highlight(changed: boolean): void {
    const version = this.board.anomalies.version;
    if (version === this.anomaliesVersion && !changed) return;
    this.anomaliesVersion = version;
    this.severities = severityByContract(this.board);
    for (const row of this.rows.values()) {
      row.severity("C", this.severities.get(cellKey("C", row.strike)));
      row.severity("P", this.severities.get(cellKey("P", row.strike)));
    }
  }

  private centre(): void {
    const row = this.atm === null ? undefined : this.rows.get(this.atm);
    if (row) this.scrollTo(row);
  }

  private scrollTo(row: ChainRow): void {
    const { scroller } = this;
    scroller.scrollTop = row.element.offsetTop - (scroller.clientHeight - row.element.offsetHeight) / 2;
    scroller.scrollLeft = (scroller.scrollWidth - scroller.clientWidth) / 2;
  }
}

function nearest(strikes: readonly number[], forward: number | null): number | null {
  if (forward === null || !strikes.length) return null;
  return strikes.reduce((best, strike) => (Math.abs(strike - forward) < Math.abs(best - forward) ? strike : best));
}

/** The worst open anomaly on each contract, legs included. */
function severityByContract(board: Board): Map<string, Severity> {
  const found = new Map<string, Severity>();
  const mark = (type: "CALL" | "PUT" | null, strike: number | null, severity: Severity) => {
    if (type === null || strike === null) return;
    const key = cellKey(type === "CALL" ? "C" : "P", strike);
    const known = found.get(key);
    if (!known || moreSevere(severity, known)) found.set(key, severity);
  };
  for (const anomaly of board.anomalies.list()) {
    if (!isOpen(anomaly)) continue;
    mark(anomaly.option_type, anomaly.strike, anomaly.severity);
    for (const leg of anomaly.legs) mark(leg.option_type, leg.strike, anomaly.severity);
  }
  return found;
}

function head(): HTMLTableSectionElement {
  const names: Options[] = COLUMNS.map(({ name, head: text, help: title }) => ({ class: `col-${name}`, text, title }));
  const flags: Options = { class: "col-flags", text: "chain.flags", title: "chain.flags.help" };
  const cells = (right: Right) =>
    arrange(right, names, flags).map((name) =>
      el("th", { ...name, class: `${right === "C" ? "call" : "put"} ${name.class}`, attributes: { scope: "col" } }),
    );
  const span = String(names.length + 1);
  return el(
    "thead",
    {},
    el(
      "tr",
      { class: "sides" },
      el("th", { class: "call", text: "chain.calls", attributes: { colspan: span, scope: "colgroup" } }),
      el("th", { class: "strike", attributes: { "aria-hidden": "true" } }),
      el("th", { class: "put", text: "chain.puts", attributes: { colspan: span, scope: "colgroup" } }),
    ),
    el(
      "tr",
      {},
      ...cells("C"),
      el("th", { class: "strike", text: "chain.strike", attributes: { scope: "col" } }),
      ...cells("P"),
    ),
  );
}

