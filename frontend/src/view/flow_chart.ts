/** Price with forward above, signed premium flow below; gaps are bands, and scrolling back loses nothing. */
import uPlot from "uplot";
import { dollars, price, timeEt } from "../format";
import { t } from "../i18n/language";
import type { Board } from "../state/board";
import { plotData, visibleBands } from "../state/timeline";
import { SPANS, TimeWindow, type Span } from "../state/window";
import { button, el, Line } from "./dom";
import type { Painter } from "./painter";
import { axis, hatch, Plot, type Palette } from "./plot";

const SYNC = "day";

export class FlowChart {
  readonly element: HTMLElement;
  private readonly window = new TimeWindow();
  private readonly price: Plot;
  private readonly flow: Plot;
  private readonly slider: HTMLInputElement;
  private readonly live: HTMLButtonElement;
  private readonly spans = new Map<Span, HTMLButtonElement>();
  private readonly values = {
    price: new Line("span", { class: "key key-price" }),
    forward: new Line("span", { class: "key key-forward" }),
    calls: new Line("span", { class: "key key-call" }),
    puts: new Line("span", { class: "key key-put" }),
    net: new Line("span", { class: "key key-net" }),
  };

  constructor(
    private readonly board: Board,
    private readonly painter: Painter,
    age: HTMLElement,
  ) {
    const boxes = [el("div", { class: "plot", testid: "price-chart" }), el("div", { class: "plot", testid: "flow-chart" })] as const;
    this.price = new Plot(boxes[0], (colours) => this.options(colours, "price"));
    this.flow = new Plot(boxes[1], (colours) => this.options(colours, "flow"));
    this.slider = el("input", { class: "scrollback", testid: "scrollback", label: "chart.scrollback", attributes: { type: "range", step: "1" } });
    this.slider.addEventListener("input", () => this.slide());
    this.live = button({ class: "toggle", text: "chart.live", title: "chart.live.help", testid: "chart-live" }, () => this.follow());
    for (const span of Object.keys(SPANS) as Span[]) {
      this.spans.set(span, button({ class: "toggle", text: `chart.span.${span}`, testid: `span-${span}` }, () => this.choose(span)));
    }
    const controls = el("span", { class: "controls" }, ...this.spans.values(), this.live);
    const legend = el("span", { class: "keys" }, ...Object.values(this.values).map((each) => each.element));
    this.element = el(
      "section",
      { class: "panel chart-panel", label: "chart.title", testid: "chart-panel" },
      el("div", { class: "bar" }, el("h2", { text: "chart.title" }), legend, age, controls),
      el("div", { class: "plots", attributes: { tabindex: "0", role: "group" }, label: "chart.keys" }, ...boxes),
      this.slider,
    );
    this.element.querySelector(".plots")!.addEventListener("keydown", (event) => this.key(event as KeyboardEvent));
    boxes.forEach((box) => box.addEventListener("wheel", (event) => this.wheel(event), { passive: false }));
    painter.add(["series", "gaps", "clock", "header"], () => this.draw(), 500);
    painter.add(["language"], () => this.remake());
  }

  /** Theme or language has changed. */
  remake(): void {
    this.price.remake();
    this.flow.remake();
    this.draw();
  }

  private draw(): void {
    const { board } = this;
    const now = board.clock.seconds() ?? board.market.lastTime ?? 0;
    const first = board.market.times[0] ?? board.flow.times[0] ?? now;
    const [from, to] = this.window.range(first, now);
    const { header } = board;
    const tip = header?.data === "live" ? ([Date.parse(header.market_time) / 1000, [header.spot, header.forward, null]] as const) : null;
    const market = plotData(board.market, board.gaps.bands, tip);
    const flow = plotData(board.flow, board.gaps.bands, null);
    this.price.set([market.times, market.columns[0]!, market.columns[1]!]);
    this.flow.set([flow.times, ...flow.columns] as uPlot.AlignedData);
    this.price.scaleX(from, to);
    this.flow.scaleX(from, to);
    this.say(null, null);
    this.controls(first, now, to);
  }

  private controls(first: number, now: number, to: number): void {
    this.slider.min = String(Math.floor(first));
    this.slider.max = String(Math.ceil(now));
    this.slider.value = String(this.window.live ? Math.ceil(now) : to);
    this.slider.setAttribute("aria-valuetext", `${timeEt(to * 1000)} ET`);
    this.live.setAttribute("aria-pressed", String(this.window.live));
    for (const [span, press] of this.spans) press.setAttribute("aria-pressed", String(span === this.window.span));
  }

  private options(colours: Palette, which: "price" | "flow"): Omit<uPlot.Options, "width" | "height"> {
    const line = (stroke: string, options: uPlot.Series = {}): uPlot.Series => ({ stroke, width: 1.5, points: { show: false }, ...options });
    const isPrice = which === "price";
    const values = (_: uPlot, splits: number[]) => splits.map((value) => (isPrice ? price(value) : dollars(value)));
    return {
      // The same on both, or their times would not stand above each other.
      padding: [6, 14, isPrice ? 6 : 0, 0],
      cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, points: { size: 5 } },
      scales: { x: { time: true, auto: false }, y: { range: (_, low, high) => padded(low, high, isPrice ? 0.05 : 1_000) } },
      axes: [
        axis(colours, { show: !isPrice, size: 22, values: (_, splits) => splits.map((split) => timeEt(split * 1000)), space: 90 }),
        axis(colours, { size: 62, values, space: 24 }),
      ],
      series: isPrice
        ? [{}, line(colours.text), line(colours.call, { dash: [4, 3], width: 1 })]
        : [{}, line(colours.call), line(colours.put, { dash: [6, 2] }), line(colours.net, { width: 2 })],
      hooks: {
        drawClear: [(plot) => this.bands(plot, colours)],
        setCursor: [(plot) => this.say(plot, plot.cursor.idx ?? null, which)],
      },
    };
  }

  private bands(plot: uPlot, colours: Palette): void {
    const { min, max } = plot.scales.x!;
    if (min == null || max == null) return;
    const now = this.board.clock.seconds() ?? max;
    for (const band of visibleBands(this.board.gaps.bands, min, max, now)) {
      hatch(plot, band.start, band.end, band.kind === "gateway" ? colours.dim : colours.put, t(`gap.${band.kind}`));
    }
  }

  /** The values under the pointer, else the newest. */
  private say(plot: uPlot | null, at: number | null, which?: "price" | "flow"): void {
    const value = (samples: Board["market"], column: number) => samples.columns[column]?.[samples.length - 1] ?? null;
    const under = (column: number) => (plot && at !== null ? (plot.data[column]?.[at] ?? null) : null);
    const { market, flow } = this.board;
    if (which !== "flow") {
      this.values.price.set(t("chart.price", { value: price(under(1) ?? this.board.header?.spot ?? value(market, 0)) }));
      this.values.forward.set(t("chart.forward", { value: price(under(2) ?? this.board.header?.forward ?? value(market, 1)) }));
    }
    if (which !== "price") {
      this.values.calls.set(t("chart.calls", { value: dollars(under(1) ?? value(flow, 0)) }));
      this.values.puts.set(t("chart.puts", { value: dollars(under(2) ?? value(flow, 1)) }));
      this.values.net.set(t("chart.net", { value: dollars(under(3) ?? value(flow, 2)) }));
    }
  }

  private choose(span: Span): void {
    this.window.span = span;
    this.painter.touch("series");
  }

  private follow(): void {
    this.window.follow();
    this.painter.touch("series");
  }

  private slide(): void {
    const end = Number(this.slider.value);
    if (end >= Number(this.slider.max)) this.window.follow();
    else this.window.hold(end);
    this.painter.touch("series");
  }

  private shift(share: number): void {
    const now = this.board.clock.seconds() ?? 0;
    this.window.shift(share, this.board.market.times[0] ?? now, now);
    this.painter.touch("series");
  }

  private key(event: KeyboardEvent): void {
    const moves: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.shift(-0.1),
      ArrowRight: () => this.shift(0.1),
      PageUp: () => this.shift(-0.9),
      PageDown: () => this.shift(0.9),
      End: () => this.follow(),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  private wheel(event: WheelEvent): void {
    if (!event.shiftKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
    event.preventDefault();
    this.shift(Math.sign(event.deltaX || event.deltaY) * 0.05);
  }
}

/** A range with air around it, at least `least` high, so that a flat line is not blown up into drama. */
function padded(low: number | null, high: number | null, least: number): [number, number] {
  if (low === null || high === null) return [0, 1];
  const air = Math.max((high - low) * 0.08, least);
  return [low - air, high + air];
}
