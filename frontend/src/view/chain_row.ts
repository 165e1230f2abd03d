/** One strike of the chain: calls left, puts right; writes a text node only where a value changed. */
import { FLAG_BITS, COLUMN } from "../contracts/tables";
import type { Severity } from "../contracts/types";
import { strike as strikeText } from "../format";
import { t, type Key } from "../i18n/language";
import type { Cell } from "../state/board";
import { COLUMNS, read } from "./chain_columns";
import { el } from "./dom";
import { flash } from "./flashes";

export type Right = "C" | "P";

interface Field {
  td: HTMLTableCellElement;
  node: Text;
}

class Half {
  readonly cells: HTMLTableCellElement[] = [];
  readonly fields: Field[] = [];
  readonly flags: Field;
  private shown: Cell | undefined;
  private never = true;

  constructor(
    private readonly right: Right,
    strike: number,
  ) {
    const id = `${right}-${strike}`;
    for (const column of COLUMNS) this.fields.push(field(right, column.name, `cell-${id}-${column.name}`));
    this.flags = field(right, "flags", `cell-${id}-flags`);
    this.cells.push(...arrange(right, this.fields.map((each) => each.td), this.flags.td));
  }

  update(cell: Cell | undefined, all: boolean): void {
    if (cell === this.shown && !all && !this.never) return;
    const before = this.shown;
    COLUMNS.forEach((column, index) => {
      if (!all && !this.never && before && cell && before[column.index] === cell[column.index]) return;
      const { td, node } = this.fields[index]!;
      const text = read(cell, column);
      if (node.data === text) return;
      node.data = text;
      if (before && (column.index === COLUMN.bid || column.index === COLUMN.ask)) flash(td);
    });
    if (all || this.never || before?.[COLUMN.flags] !== cell?.[COLUMN.flags]) this.showFlags(cell?.[COLUMN.flags] ?? 0);
    this.shown = cell;
    this.never = false;
  }

  private showFlags(bits: number): void {
    const set = FLAG_BITS.filter((_, index) => bits & (1 << index));
    this.flags.node.data = set.map((flag) => t(`flag.${flag}.glyph` as Key)).join("");
    const help = set.map((flag) => t(`flag.${flag}` as Key)).join("; ");
    this.flags.td.title = help;
    if (help) this.flags.td.setAttribute("aria-label", help);
    else this.flags.td.removeAttribute("aria-label");
    // An untrustworthy quote looks it: the whole side is dimmed by the style sheet.
    for (const td of this.cells) td.classList.toggle("doubtful", set.includes("STALE"));
  }

  get side(): Right {
    return this.right;
  }
}

/** From the strike outwards for puts; mirrored for calls, except that a bid always stands left of its ask. */
export function arrange<T>(right: Right, columns: readonly T[], flags: T): T[] {
  const [bid, ask, bidSize, askSize, ...rest] = columns as [T, T, T, T, ...T[]];
  const outer = [flags, ...rest];
  return right === "P" ? [bid, ask, bidSize, askSize, ...outer] : [...outer.reverse(), bidSize, askSize, bid, ask];
}

function field(right: Right, name: string, testid: string): Field {
  const node = document.createTextNode("");
  return { td: el("td", { class: `${right === "C" ? "call" : "put"} col-${name}`, testid }, node), node };
}

export class ChainRow {
  readonly element: HTMLTableRowElement;
  private readonly halves: Record<Right, Half>;
  private readonly head: HTMLTableCellElement;

  constructor(readonly strike: number) {
    this.halves = { C: new Half("C", strike), P: new Half("P", strike) };
    this.head = el("th", { class: "strike", testid: `strike-${strike}`, attributes: { scope: "row" } });
    this.head.textContent = strikeText(strike);
    this.element = el("tr", { testid: `row-${strike}`, attributes: { "data-strike": String(strike) } });
    this.element.append(...this.halves.C.cells, this.head, ...this.halves.P.cells);
  }

  /** `all` writes every text again: the language has changed. */
  update(call: Cell | undefined, put: Cell | undefined, all: boolean): void {
    if (all) this.head.textContent = strikeText(this.strike);
    this.halves.C.update(call, all);
    this.halves.P.update(put, all);
  }

  place(atm: boolean, forward: number | null): void {
    const list = this.element.classList;
    list.toggle("atm", atm);
    list.toggle("call-itm", forward !== null && this.strike < forward);
    list.toggle("put-itm", forward !== null && this.strike > forward);
    if (atm) this.element.setAttribute("aria-current", "true");
    else this.element.removeAttribute("aria-current");
  }

  severity(right: Right, severity: Severity | undefined): void {
    const name = right === "C" ? "callSeverity" : "putSeverity";
    if (severity === this.element.dataset[name]) return;
    if (severity) this.element.dataset[name] = severity;
    else delete this.element.dataset[name];
  }

  /** Shade `step` of a column, 0 for none. */
  shade(right: Right, column: string, step: number): void {
    const index = COLUMNS.findIndex((each) => each.name === column);
    this.halves[right].fields.forEach(({ td }, at) => {
      const wanted = at === index ? String(step) : "0";
      if ((td.dataset.heat ?? "0") !== wanted) td.dataset.heat = wanted;
    });
  }
}
