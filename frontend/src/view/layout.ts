/** Puts the widgets on the page; the only file that knows where each stands. */
import type { ApiClient } from "../api/client";
import { t } from "../i18n/language";
import type { Link } from "../live/link";
import type { Board } from "../state/board";
import type { Latency } from "../state/latency";
import { ageChip } from "./age";
import { Chain } from "./chain";
import { el, retranslate } from "./dom";
import { header } from "./header";
import type { Painter } from "./painter";
import { strip } from "./strip";
import { tools } from "./tools";
import { watermark } from "./watermark";

export interface Parts {
  board: Board;
  api: ApiClient;
  link: Link;
  latency: Latency;
  painter: Painter;
}

export function layout(page: HTMLElement, parts: Parts): void {
  const { board, api, link, latency, painter } = parts;
  const mark = watermark(board, painter);
  const switches = tools((what) => {
    if (what === "language") {
      retranslate(page);
      painter.touch("language");
    }
    painter.all();
  });
  const age = ageChip(painter, "chain-age", () => link.health.frameAge(), () => link.health.cadence());
  const chain = new Chain(board, painter, age);
  page.append(
    el("a", { class: "skip", text: "skip.chain", attributes: { href: "#chain" } }),
    header(board, link.health, painter, mark.badge, switches.element),
    el("main", { class: "board", label: "main.label", attributes: { id: "chain" } }, chain.element),
    strip({ board, health: link.health, session: link.session, latency, api: api.facts, channel: () => link.channel }, painter),
    mark.overlay,
  );
  painter.add(["header", "language"], () => {
    document.title = t("title.page", { symbol: board.header?.symbol ?? "SPY" });
  }, 1_000);
}
