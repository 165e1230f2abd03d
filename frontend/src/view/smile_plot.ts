/** The smile: bid and ask implied vol as whiskers, the fitted line, outliers ringed. Out-of-the-money side only. */
import uPlot from "uplot";
import { COLUMN, FLAG_BITS } from "../contracts/tables";
import { percent, strike as strikeText, whole } from "../format";
import { t } from "../i18n/language";
import type { Board, Cell } from "../state/board";
import { el, Line } from "./dom";
import type { Painter } from "./painter";
import { axis, Plot, type Palette } from "./plot";

const OUTLIER = 1 << FLAG_BITS.indexOf("OUTLIER");

interface Point {
  strike: number;
  cell: Cell;
  fair: number | null;
  bid: number | null;
  ask: number | null;
  outlier: boolean;
}

export class SmilePlot {
  readonly element: HTMLElement;
  private readonly plot: Plot;
  private readonly note = new Line("p", { class: "note overlay", testid: "smile-note", attributes: { role: "status" } });
  private readonly fit = new Line("span", { class: "count", testid: "smile-fit" });
  private points: Point[] = [];

  constructor(
    private readonly board: Board,
    painter: Painter,
    age: HTMLElement,
  ) {
    const box = el("div", { class: "plot", testid: "smile-chart", label: "smile.chart", attributes: { role: "img" } });
    this.plot = new Plot(box, (colours) => this.options(colours));
    const keys = el(
      "span",
      { class: "keys" },
      el("span", { class: "key key-put", text: "smile.puts" }),
      el("span", { class: "key key-call", text: "smile.calls" }),
      el("span", { class: "key key-net", text: "smile.fit" }),
      el("span", { class: "key key-outlier", text: "smile.outlier" }),
    );
    const bar = el("div", { class: "bar" }, el("h2", { text: "smile.title" }), keys, this.fit.element, age);
    this.element = el("section", { class: "panel smile-panel", label: "smile.title" }, bar, el("div", { class: "plots" }, box, this.note.element));
    painter.add(["smile", "header"], () => this.draw(), 500);
    painter.add(["language"], () => this.remake());
  }

  remake(): void {
    this.plot.remake();
    this.draw();
  }

  private draw(): void {
    const quality = this.board.header?.smile ?? this.board.status?.smile ?? null;
    const usable = quality === "good" || quality === "low_confidence";
    const text = usable ? (quality === "low_confidence" ? t("smile.low_confidence") : "") : t(`smile.${quality ?? "none"}`);
    this.note.set(text);
    this.note.mark("quality", quality ?? "none");
    this.note.element.hidden = text === "";
    const { smile } = this.board;
    this.fit.set(
      usable && smile?.degree != null
        ? t("smile.degree", { degree: whole(smile.degree), share: percent(smile.share_inside, 0) })
        : "",
    );
    this.points = this.outOfTheMoney();
    const column = (pick: (point: Point) => number | null) => this.points.map(pick);
    this.plot.set([
      this.points.map((point) => point.strike),
      column((point) => (usable ? point.fair : null)),
      column((point) => point.bid),
      column((point) => point.ask),
    ]);
  }

  private outOfTheMoney(): Point[] {
    const forward = this.board.header?.forward ?? this.board.header?.spot ?? null;
    if (forward === null) return [];
    return this.board.strikes().flatMap((strike) => {
      const cell = this.board.cell(strike < forward ? "P" : "C", strike);
      if (!cell) return [];
      const outlier = (cell[COLUMN.flags] & OUTLIER) !== 0;
      return [{ strike, cell, fair: cell[COLUMN.fair_iv], bid: cell[COLUMN.bid_iv], ask: cell[COLUMN.ask_iv], outlier }];
    });
  }

  private options(colours: Palette): Omit<uPlot.Options, "width" | "height"> {
    const unseen: uPlot.Series = { stroke: "transparent", points: { show: false }, paths: () => null };
    return {
      cursor: { drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { time: false }, y: { range: () => this.range() } },
      axes: [
        axis(colours, { size: 22, values: (_, splits) => splits.map((value) => strikeText(value)), space: 50 }),
        axis(colours, { size: 48, values: (_, splits) => splits.map((value) => percent(value, 1)), space: 24 }),
      ],
      series: [{}, { stroke: colours.net, width: 1.5, points: { show: false } }, unseen, unseen],
      hooks: { draw: [(plot) => this.whiskers(plot, colours)] },
    };
  }

  /** What the fit spans, with room for the quotes near it: a worthless wing's ask would flatten everything. */
  private range(): [number, number] {
    const fair = this.points.flatMap((point) => (point.fair === null ? [] : [point.fair]));
    const quoted = this.points.flatMap((point) => [point.bid, point.ask].filter((value) => value !== null));
    const base = fair.length ? fair : quoted;
    if (!base.length) return [0, 1];
    const [low, high] = [Math.min(...base), Math.max(...base)];
    const seen = quoted.filter((value) => value > low * 0.7 && value < high * 1.3);
    const [bottom, top] = [Math.min(low, ...seen), Math.max(high, ...seen)];
    const air = (top - bottom || 0.01) * 0.06;
    return [Math.max(0, bottom - air), top + air];
  }

  private whiskers(plot: uPlot, colours: Palette): void {
    const { ctx, bbox } = plot;
    const unit = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.lineWidth = 1.5 * unit;
    for (const { strike, cell, bid, ask, outlier } of this.points) {
      if (bid === null && ask === null) continue;
      const x = plot.valToPos(strike, "x", true);
      const ends = [bid ?? ask!, ask ?? bid!].map((value) => plot.valToPos(value, "y", true)) as [number, number];
      ctx.strokeStyle = cell[COLUMN.right] === "C" ? colours.call : colours.put;
      ctx.beginPath();
      ctx.moveTo(x, ends[0]);
      ctx.lineTo(x, ends[1]);
      for (const y of ends) {
        ctx.moveTo(x - 2.5 * unit, y);
        ctx.lineTo(x + 2.5 * unit, y);
      }
      ctx.stroke();
      if (outlier) ring(ctx, x, (ends[0] + ends[1]) / 2, 7 * unit, colours.bad);
    }
    ctx.restore();
  }
}

function ring(ctx: CanvasRenderingContext2D, x: number, y: number, radius: number, colour: string): void {
  ctx.strokeStyle = colour;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.stroke();
}
