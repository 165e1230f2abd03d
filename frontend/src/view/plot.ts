/** A uPlot chart that fills its box, follows the theme and is made anew when theme or language change. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export interface Palette {
  text: string;
  dim: string;
  grid: string;
  call: string;
  put: string;
  net: string;
  bad: string;
  panel: string;
}

export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const get = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: get("--text"), dim: get("--dim"), grid: get("--line"), call: get("--call"), put: get("--put"),
    net: get("--text"), bad: get("--bad"), panel: get("--panel"),
  };
}

const FONT = "11px system-ui, sans-serif";

/** An axis in the page's colours. */
export function axis(colours: Palette, options: uPlot.Axis): uPlot.Axis {
  const line = { stroke: colours.grid, width: 1 };
  return { stroke: colours.dim, font: FONT, grid: line, ticks: { ...line, size: 4 }, gap: 4, ...options };
}

export class Plot {
  private plot: uPlot | null = null;
  private data: uPlot.AlignedData = [[]];
  private readonly sizes = new ResizeObserver(() => this.resize());

  /** `options` is asked again whenever the chart is made anew. */
  constructor(
    private readonly box: HTMLElement,
    private readonly options: (colours: Palette) => Omit<uPlot.Options, "width" | "height">,
  ) {
    this.sizes.observe(box);
  }

  set(data: uPlot.AlignedData): void {
    this.data = data;
    if (this.plot) this.plot.setData(data);
    else this.make();
  }

  scaleX(min: number, max: number): void {
    this.plot?.setScale("x", { min, max });
  }

  /** Theme or language has changed. */
  remake(): void {
    this.plot?.destroy();
    this.plot = null;
    this.make();
  }

  private make(): void {
    const { clientWidth: width, clientHeight: height } = this.box;
    if (width < 40 || height < 40) return;
    const colours = palette();
    this.plot = new uPlot({ legend: { show: false }, ...this.options(colours), width, height }, this.data, this.box);
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.box;
    if (!this.plot) this.make();
    else if (width >= 40 && height >= 40) this.plot.setSize({ width, height });
  }
}

/** Slanted lines over part of the plot, with a word in it where there is room: there is no data here. */
export function hatch(plot: uPlot, from: number, to: number, colour: string, word: string): void {
  const { ctx, bbox } = plot;
  const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
  const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, "x", true));
  const width = Math.max(2, right - left);
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bbox.top, width, bbox.height);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.globalAlpha = 0.5;
  ctx.lineWidth = 1;
  ctx.beginPath();
  const step = 8 * devicePixelRatio;
  for (let x = left - bbox.height; x < left + width; x += step) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.globalAlpha = 1;
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = "center";
  ctx.fillStyle = colour;
  if (ctx.measureText(word).width + 8 < width) ctx.fillText(word, left + width / 2, bbox.top + 14 * devicePixelRatio);
  ctx.restore();
}
