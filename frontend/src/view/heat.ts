/** One-hue shading of the chain by volume or deviation, with its legend; shows where, judges nothing. */
import { COLUMN } from "../contracts/tables";
import { compact, price } from "../format";
import { t } from "../i18n/language";
import type { Board, Cell } from "../state/board";
import type { ChainRow, Right } from "./chain_row";
import { el, Line } from "./dom";
import type { Painter } from "./painter";

export type HeatMode = "none" | "volume" | "deviation";
const MODES: readonly HeatMode[] = ["none", "volume", "deviation"];
const STEPS = 5;

export class Heat {
  readonly controls: HTMLElement;
  private mode: HeatMode = "volume";
  private readonly low = new Line("span", { class: "legend-end" });
  private readonly high = new Line("span", { class: "legend-end", testid: "heat-max" });
  private readonly legend: HTMLElement;

  constructor(
    private readonly board: Board,
    private readonly rows: ReadonlyMap<number, ChainRow>,
    painter: Painter,
  ) {
    const select = el("select", { testid: "heat-mode", label: "heat.label" });
    for (const mode of MODES) select.append(el("option", { text: `heat.${mode}`, attributes: { value: mode } }));
    select.value = this.mode;
    select.addEventListener("change", () => {
      this.mode = MODES.find((mode) => mode === select.value) ?? "none";
      this.draw();
    });
    const swatches = Array.from({ length: STEPS }, (_, step) => el("i", { class: "swatch", attributes: { "data-heat": String(step + 1) } }));
    this.legend = el("span", { class: "legend", testid: "heat-legend" }, this.low.element, ...swatches, this.high.element);
    this.controls = el("span", { class: "heat" }, select, this.legend);
    painter.add(["chain", "language"], () => this.draw(), 500);
  }

  private draw(): void {
    const top = this.top();
    this.legend.hidden = this.mode === "none";
    this.low.set(this.mode === "deviation" ? price(0) : compact(0));
    this.high.set(top === 0 ? t("heat.nothing") : this.mode === "deviation" ? price(top) : compact(top));
    for (const [strike, row] of this.rows) {
      for (const right of ["C", "P"] as const) row.shade(right, this.mode, this.step(right, strike, top));
    }
  }

  private measure(cell: Cell | undefined): number {
    if (!cell || this.mode === "none") return 0;
    return Math.abs(cell[this.mode === "volume" ? COLUMN.volume : COLUMN.deviation] ?? 0);
  }

  private top(): number {
    let top = 0;
    for (const strike of this.rows.keys()) {
      top = Math.max(top, this.measure(this.board.cell("C", strike)), this.measure(this.board.cell("P", strike)));
    }
    return top;
  }

  /** Equal steps of the square root: volume spreads over decades, and the eye reads area. */
  private step(right: Right, strike: number, top: number): number {
    const value = this.measure(this.board.cell(right, strike));
    return value > 0 && top > 0 ? Math.ceil(STEPS * Math.sqrt(value / top)) : 0;
  }
}
