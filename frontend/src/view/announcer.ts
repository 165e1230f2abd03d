/** Tells a screen reader of new anomalies, politely and at most once in five seconds. */
import type { Anomaly } from "../contracts/types";
import { moreSevere } from "../state/anomalies";
import { announcement } from "./anomaly_text";
import { Line } from "./dom";

const EVERY_MS = 5_000;

export class Announcer {
  readonly element: HTMLElement;
  private readonly line = new Line("p", { class: "hidden", testid: "announcer", attributes: { "aria-live": "polite" } });
  private waiting: Anomaly[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private spokeAt = -Infinity;

  constructor() {
    this.element = this.line.element;
  }

  opened(anomaly: Anomaly): void {
    this.waiting.push(anomaly);
    const wait = Math.max(0, this.spokeAt + EVERY_MS - performance.now());
    this.timer ??= setTimeout(() => this.speak(), wait);
  }

  private speak(): void {
    this.timer = undefined;
    this.spokeAt = performance.now();
    const highest = this.waiting.reduce((best, each) => (moreSevere(each.severity, best.severity) ? each : best));
    this.line.set(announcement(this.waiting, highest));
    this.waiting = [];
  }
}
