/** Says over every view that the data is not live. Shown for every source but live, and for delayed display. */
import type { Source } from "../contracts/types";
import { t, type Key } from "../i18n/language";
import type { Board } from "../state/board";
import { el, Line } from "./dom";
import type { Painter } from "./painter";

export function watermark(board: Board, painter: Painter): { badge: HTMLElement; overlay: HTMLElement } {
  const badge = new Line("strong", { class: "badge watermark-badge", testid: "watermark" });
  const labels = el("span", { class: "labels", testid: "source-labels" });
  const overlay = new Line("div", { class: "watermark", attributes: { "aria-hidden": "true" } });
  const holder = el("span", { class: "watermark-holder" }, badge.element, labels);
  painter.add(["header", "status", "channel", "language"], () => {
    const source = sourceOf(board);
    holder.hidden = overlay.element.hidden = source === null;
    if (source === null) return;
    badge.set(t(`source.${source}` as Key));
    badge.mark("source", source);
    overlay.set(t(`source.${source}` as Key));
    const wanted = (board.status?.labels ?? []).join(" ");
    if (labels.dataset.labels === wanted) return;
    labels.dataset.labels = wanted;
    labels.replaceChildren(
      ...(board.status?.labels ?? []).map((label) => {
        const chip = new Line("span", { class: "badge label-chip" });
        chip.set(label);
        return chip.element;
      }),
    );
  });
  return { badge: holder, overlay: overlay.element };
}

/** What to warn of: the snapshot's word, else the source of what is on screen; null only for live data. */
function sourceOf(board: Board): Source | null {
  const told = board.watermark ?? board.header?.source ?? board.stream?.source ?? null;
  if (told !== null) return told === "live" ? null : told;
  return board.settings?.simulated ? "simulated" : null;
}

