/** Anomalies, open ones first; choosing one points at its contract in the chain. */
import type { Anomaly } from "../contracts/types";
import { whole } from "../format";
import { t } from "../i18n/language";
import { isOpen } from "../state/anomalies";
import type { Board } from "../state/board";
import { AnomalyCard } from "./anomaly_card";
import { button, el, Line } from "./dom";
import type { Painter } from "./painter";

/** A day may bring hundreds: the newest stand in the list, and how many more there are is said below it. */
const PAGE = 30;

export class AnomalyList {
  readonly element: HTMLElement;
  private readonly list = el("ol", { class: "anomalies", testid: "anomalies", label: "anomaly.title" });
  private readonly note = new Line("p", { class: "note", testid: "anomaly-note" });
  private readonly count = new Line("span", { class: "count", testid: "anomaly-count" });
  private readonly moreText = new Line("span");
  private readonly more = button({ class: "toggle", testid: "anomaly-more", title: "anomaly.more.help" }, () => this.reveal(this.limit + PAGE));
  private readonly fewer = button({ class: "toggle", testid: "anomaly-fewer", text: "anomaly.fewer" }, () => this.reveal(PAGE));
  private readonly cards = new Map<string, AnomalyCard>();
  private limit = PAGE;
  private again = false;
  private version = -1;

  constructor(
    private readonly board: Board,
    painter: Painter,
    age: HTMLElement,
    private readonly chosen: (anomaly: Anomaly) => void,
  ) {
    this.more.append(this.moreText.element);
    const rest = el("p", { class: "rest" }, this.more, this.fewer);
    const scroller = el("div", { class: "scroller", attributes: { tabindex: "0", role: "region" }, label: "anomaly.region" }, this.list, rest);
    const bar = el("div", { class: "bar" }, el("h2", { text: "anomaly.title" }), this.count.element, age);
    this.element = el("section", { class: "panel anomaly-panel", label: "anomaly.title" }, bar, this.note.element, scroller);
    painter.add(["anomalies", "status", "clock"], () => this.draw());
    painter.add(["language"], () => {
      this.again = true;
      this.draw();
    });
  }

  private draw(): void {
    const all = this.again;
    this.again = false;
    const known = this.board.anomalies.list();
    const shown = known.filter((anomaly, index) => index < this.limit || this.cards.get(anomaly.id)?.inUse());
    if (this.version !== this.board.anomalies.version || shown.length !== this.cards.size) {
      this.version = this.board.anomalies.version;
      this.arrange(shown);
    }
    const at = this.board.clock.ms();
    for (const anomaly of shown) this.cards.get(anomaly.id)?.update(anomaly, at, all);
    const open = known.filter(isOpen).length;
    this.count.set(t("anomaly.count", { open: whole(open), closed: whole(known.length - open) }));
    this.moreText.set(t("anomaly.more", { n: whole(known.length - shown.length) }));
    this.more.hidden = known.length === shown.length;
    this.fewer.hidden = this.limit === PAGE;
    const text = this.noteText(known.length);
    this.note.set(text);
    this.note.element.hidden = text === "";
  }

  private reveal(limit: number): void {
    this.limit = limit;
    this.version = -1;
    this.draw();
  }

  /** One card an anomaly, moved only where the order changed, so that focus and opened cards stay. */
  private arrange(shown: readonly Anomaly[]): void {
    const wanted = new Set(shown.map((anomaly) => anomaly.id));
    for (const [id, card] of this.cards) {
      if (wanted.has(id)) continue;
      card.element.remove();
      this.cards.delete(id);
    }
    shown.forEach((anomaly, index) => {
      let card = this.cards.get(anomaly.id);
      if (!card) this.cards.set(anomaly.id, (card = new AnomalyCard(anomaly, this.chosen)));
      const there = this.list.children[index] ?? null;
      if (there !== card.element) this.list.insertBefore(card.element, there);
    });
  }

  private noteText(count: number): string {
    const smile = this.board.header?.smile ?? this.board.status?.smile;
    if (smile === "not_enough_strikes") return t("smile.not_enough_strikes");
    return count === 0 ? t("anomaly.none") : "";
  }
}
