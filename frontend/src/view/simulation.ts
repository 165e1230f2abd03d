/** The simulation's clock and the truth about it; there only when the source is simulated. */
import type { ApiClient } from "../api/client";
import { duration, fixed, MISSING, strike, timeEt, whole } from "../format";
import { t, type Key } from "../i18n/language";
import type { Injection, SimulationScore } from "../contracts/types";
import type { Board } from "../state/board";
import { button, el, Line } from "./dom";
import type { Painter } from "./painter";

const RATES = [1, 5, 20, 60] as const;
const POLL_MS = 1_000;
const COUNTS = ["injected", "found", "missed", "pending", "false"] as const;
/** What the simulator names in its truth file; anything newer is shown by its own name. */
const KNOWN = ["mispricing", "crossed_vertical", "stale_leg", "spot_jump", "gateway_drop", "channel_drop"];

export class Simulation {
  readonly element: HTMLElement;
  private readonly slider = el("input", { testid: "rate-slider", label: "simulation.rate", attributes: { type: "range", min: "1", max: "60", step: "1" } });
  private readonly rate = new Line("output", { class: "rate", testid: "rate-value" });
  private readonly buttons = RATES.map((rate) => button({ class: "toggle", testid: `rate-${rate}` }, () => void this.setRate(rate)));
  private readonly truth = button({ class: "toggle", text: "truth.show", title: "truth.help", testid: "truth-toggle" }, () => this.toggle());
  private readonly problem = new Line("p", { class: "note", testid: "simulation-problem", attributes: { role: "status" } });
  private readonly counts = new Map(COUNTS.map((name) => [name, new Line("dd", { testid: `score-${name}` })]));
  private readonly delay = new Line("dd", { testid: "score-delay" });
  private readonly injections = el("ol", { class: "injections", testid: "injections", label: "truth.list" });
  private readonly panel: HTMLElement;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private dragging = false;

  constructor(
    private readonly board: Board,
    private readonly api: ApiClient,
    private readonly painter: Painter,
  ) {
    this.buttons.forEach((press, index) => (press.textContent = t("simulation.times", { n: whole(RATES[index]!) })));
    this.slider.addEventListener("input", () => (this.dragging = true));
    this.slider.addEventListener("change", () => void this.setRate(Number(this.slider.value)));
    this.truth.setAttribute("aria-pressed", "false");
    const numbers = [...this.counts].map(([name, value]) => el("div", {}, el("dt", { text: `truth.${name}` }), value.element));
    numbers.push(el("div", {}, el("dt", { text: "truth.delay" }), this.delay.element));
    this.panel = el("div", { class: "truth", testid: "truth" }, el("dl", { class: "pairs" }, ...numbers), this.injections);
    this.panel.hidden = true;
    const clock = el("div", { class: "clock-row" }, el("span", { text: "simulation.rate" }), ...this.buttons, this.slider, this.rate.element);
    const bar = el("div", { class: "bar" }, el("h2", { text: "simulation.title" }), this.truth);
    this.element = el("section", { class: "panel simulation-panel", label: "simulation.title" }, bar, clock, this.problem.element, this.panel);
    this.element.hidden = true;
    this.problem.element.hidden = true;
    painter.add(["status", "header", "calendar", "clock"], () => this.drawClock(), 250);
    painter.add(["score"], () => this.drawScore());
    painter.add(["language"], () => this.drawAll());
  }

  private drawAll(): void {
    this.buttons.forEach((press, index) => (press.textContent = t("simulation.times", { n: whole(RATES[index]!) })));
    this.drawClock();
    this.drawScore();
  }

  private drawClock(): void {
    this.element.hidden = !this.board.settings?.simulated;
    const rate = this.board.header?.rate ?? this.board.calendar?.rate ?? 1;
    this.rate.set(t("simulation.times", { n: fixed(rate, Number.isInteger(rate) ? 0 : 1) }));
    if (!this.dragging) this.slider.value = String(rate);
    this.buttons.forEach((press, index) => press.setAttribute("aria-pressed", String(rate === RATES[index])));
  }

  private async setRate(rate: number): Promise<void> {
    try {
      const clock = await this.api.setRate(rate);
      this.board.clock.tell(clock.market_time, clock.rate);
      this.say("");
    } catch (error) {
      this.say(t("simulation.refused", { why: error instanceof Error ? error.message : MISSING }));
    } finally {
      this.dragging = false;
      this.painter.touch("clock");
    }
  }

  private toggle(): void {
    const on = this.panel.hidden;
    this.panel.hidden = !on;
    this.truth.setAttribute("aria-pressed", String(on));
    clearTimeout(this.timer);
    if (on) void this.poll();
  }

  private async poll(): Promise<void> {
    if (!document.hidden) {
      try {
        this.board.score = await this.api.score();
        this.say("");
        this.board.touch("score");
      } catch (error) {
        this.say(t("truth.unavailable", { why: error instanceof Error ? error.message : MISSING }));
      }
    }
    if (!this.panel.hidden) this.timer = setTimeout(() => void this.poll(), POLL_MS);
  }

  private say(text: string): void {
    this.problem.set(text);
    this.problem.element.hidden = text === "";
  }

  private drawScore(): void {
    const score = this.board.score;
    for (const [name, line] of this.counts) line.set(score ? whole(score[name]) : MISSING);
    this.delay.set(score ? delayText(score) : MISSING);
    const items = [...(score?.injections ?? [])].reverse().map(injection);
    this.injections.replaceChildren(...items);
  }
}

function delayText(score: SimulationScore): string {
  if (score.delay_p50_seconds === null) return MISSING;
  return t("truth.delays", { p50: duration(score.delay_p50_seconds), p95: duration(score.delay_p95_seconds) });
}

function injection(injected: Injection): HTMLElement {
  const line = new Line("li", { testid: "injection" });
  const verdict = verdictOf(injected);
  line.mark("verdict", verdict);
  line.mark("what", injected.what);
  const right = injected.option_type ? t(`right.${injected.option_type}`) : "";
  const where = injected.strikes.length ? `${injected.strikes.map(strike).join("/")} ${right}`.trim() : "";
  const what = KNOWN.includes(injected.what) ? t(`injection.${injected.what}` as Key) : injected.what;
  const late = injected.delay_seconds === null ? "" : duration(injected.delay_seconds);
  const parts = [timeEt(Date.parse(injected.market_time)), what, where, t(`verdict.${verdict}`), late];
  line.set(parts.filter((part) => part !== "").join(" · "));
  return line.element;
}

/** The scorer's answer put into one word; what must not be found is right when it is not. */
function verdictOf({ expected, found }: Injection): "pending" | "found" | "missed" | "false" | "quiet" {
  if (expected) return found === null ? "pending" : found ? "found" : "missed";
  return found ? "false" : "quiet";
}
