/** The gaps as text beside the charts: a canvas says nothing to a reader of the page. */
import { timeEt } from "../format";
import { t } from "../i18n/language";
import type { Band } from "../state/gaps";
import type { Board } from "../state/board";
import { el, Line } from "./dom";
import type { Painter } from "./painter";

const SHOWN = 12;

export function gapList(board: Board, painter: Painter): HTMLElement {
  const list = el("ul", { class: "gaps", testid: "gap-list", label: "gap.title" });
  painter.add(["gaps", "language"], () => {
    const bands = board.gaps.bands.slice(-SHOWN).reverse();
    list.replaceChildren(...bands.map(item));
    list.hidden = bands.length === 0;
  });
  return list;
}

function item(band: Band): HTMLElement {
  const line = new Line("li", { class: "gap" });
  line.mark("kind", band.kind);
  line.mark("reason", band.reason);
  line.mark("state", band.end === null ? "open" : band.filled ? "filled" : "closed");
  const times = { from: timeEt(band.start * 1000), to: band.end === null ? "…" : timeEt(band.end * 1000) };
  const what = band.kind === "gateway" ? t(`gap.reason.${band.reason === "channel" ? "restart" : band.reason}`) : t(band.filled ? "gap.filled" : "gap.unfilled");
  line.set(t("gap.text", { ...times, what }));
  return line.element;
}
