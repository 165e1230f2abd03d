/** One anomaly of the list: a line that opens to its legs, reasons and flags. */
import type { Anomaly } from "../contracts/types";
import { cash, duration, signed, timeEt, whole } from "../format";
import { t, type Key } from "../i18n/language";
import { isOpen } from "../state/anomalies";
import { contractText, figures, legPrice, legText, markoutText, reasonText } from "./anomaly_text";
import { el, Line } from "./dom";

export class AnomalyCard {
  readonly element: HTMLLIElement;
  private readonly line: HTMLButtonElement;
  private readonly detail: HTMLElement;
  private readonly parts = {
    severity: new Line("span", { class: "severity" }),
    kind: new Line("span", { class: "kind" }),
    contract: new Line("span", { class: "contract" }),
    state: new Line("span", { class: "life" }),
    z: new Line("span", { class: "fact", title: "anomaly.z" }),
    deviation: new Line("span", { class: "fact", title: "anomaly.deviation_percent" }),
    edge: new Line("span", { class: "fact", title: "anomaly.edge_net" }),
    worth: new Line("span", { class: "fact", title: "anomaly.worth" }),
  };
  private shown: Anomaly | null = null;

  constructor(
    private anomaly: Anomaly,
    chosen: (anomaly: Anomaly) => void,
  ) {
    this.line = el("button", { class: "line", attributes: { type: "button", "aria-expanded": "false" } });
    const { severity, kind, contract, state, ...facts } = this.parts;
    const below = el("span", { class: "facts-line" }, ...Object.values(facts).map((fact) => fact.element));
    this.line.append(severity.element, kind.element, contract.element, state.element, below);
    this.line.addEventListener("click", () => {
      this.toggle();
      chosen(this.anomaly);
    });
    this.detail = el("div", { class: "detail", testid: "anomaly-detail" });
    this.detail.hidden = true;
    this.element = el("li", { testid: "anomaly-row", attributes: { "data-id": anomaly.id } }, this.line, this.detail);
  }

  /** `marketMs` ages what is open; `all` says everything again in another language. */
  update(anomaly: Anomaly, marketMs: number | null, all: boolean): void {
    this.anomaly = anomaly;
    const { severity, kind, contract, z, deviation, edge, worth, state } = this.parts;
    state.set(lifeText(anomaly, marketMs));
    if (anomaly === this.shown && !all) return;
    this.shown = anomaly;
    const { dataset } = this.element;
    dataset.severity = anomaly.severity;
    dataset.kind = anomaly.kind;
    dataset.status = isOpen(anomaly) ? "open" : "closed";
    dataset.right = anomaly.option_type;
    severity.set(t(`severity.${anomaly.severity}`));
    kind.set(t(`kind.${anomaly.kind}`));
    contract.set(contractText(anomaly));
    z.set(anomaly.z === null ? "" : t("anomaly.z_short", { z: signed(anomaly.z, 1) }));
    const off = anomaly.deviation_percent;
    deviation.set(off === null ? "" : t("anomaly.off_short", { n: signed(off, 1) }));
    edge.set(anomaly.worth ? t("anomaly.edge_short", { edge: signed(anomaly.worth.edge_net, 3) }) : "");
    worth.set(anomaly.worth ? t("anomaly.worth_short", { worth: cash(anomaly.worth.worth_usd), lots: whole(anomaly.worth.size) }) : "");
    if (!this.detail.hidden) this.fill();
  }

  /** Somebody reads it or stands on it: it must not go away under them. */
  inUse(): boolean {
    return !this.detail.hidden || this.element.contains(document.activeElement);
  }

  private toggle(): void {
    const open = this.detail.hidden;
    this.detail.hidden = !open;
    this.line.setAttribute("aria-expanded", String(open));
    if (open) this.fill();
  }

  private fill(): void {
    const { anomaly } = this;
    this.detail.replaceChildren(
      times(anomaly),
      pairs(figures(anomaly)),
      ...list("anomaly.legs", "anomaly-leg", anomaly.legs.map((leg) => [legText(leg), legPrice(leg)].join("  "))),
      ...list("anomaly.reasons", "anomaly-reason", anomaly.reasons.map(reasonText)),
      ...list("anomaly.flags", "anomaly-flag", anomaly.flags.map((flag) => t(`flag.${flag}` as Key))),
      ...list("anomaly.markouts", "anomaly-markout", (anomaly.score?.markouts ?? []).map(markoutText)),
      ...list("anomaly.moved", "anomaly-moved", anomaly.score ? [t(`moved.${anomaly.score.moved}`)] : []),
    );
  }
}

function lifeText(anomaly: Anomaly, marketMs: number | null): string {
  if (!isOpen(anomaly)) return t(anomaly.close_reason ? `closed.${anomaly.close_reason}` : "closed.unknown");
  return marketMs === null ? t("anomaly.open") : duration(Math.max(0, marketMs - Date.parse(anomaly.opened_at)) / 1000);
}

function times(anomaly: Anomaly): HTMLElement {
  const line = new Line("p", { class: "times" });
  const opened = t("anomaly.opened_at", { time: timeEt(Date.parse(anomaly.opened_at)) });
  const closed = anomaly.closed_at ? t("anomaly.closed_at", { time: timeEt(Date.parse(anomaly.closed_at)) }) : t("anomaly.open");
  line.set([opened, closed, t("anomaly.highest", { severity: t(`severity.${anomaly.highest_severity}`) })].join(" · "));
  return line.element;
}

function pairs(values: readonly (readonly [Key, string])[]): HTMLElement {
  return el(
    "dl",
    { class: "pairs" },
    ...values.map(([name, text]) => {
      const value = new Line("dd");
      value.set(text);
      return el("div", {}, el("dt", { text: name }), value.element);
    }),
  );
}

function list(title: Key, testid: string, lines: readonly string[]): HTMLElement[] {
  if (!lines.length) return [];
  const items = lines.map((text) => {
    const item = new Line("li", { testid });
    item.set(text);
    return item.element;
  });
  return [el("h3", { text: title }), el("ul", { class: "facts" }, ...items)];
}
