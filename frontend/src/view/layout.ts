/** Puts the widgets on the page; the only file that knows where each stands. */
import { type ApiClient, now } from "../api/client";
import { t } from "../i18n/language";
import type { Link } from "../live/link";
import type { Board } from "../state/board";
import type { Latency } from "../state/latency";
import { freshness } from "../state/freshness";
import { cadenceOf } from "../state/samples";
import { ageChip } from "./age";
import { AnomalyList } from "./anomaly_list";
import { Announcer } from "./announcer";
import { Chain } from "./chain";
import { el, retranslate } from "./dom";
import { FlowChart } from "./flow_chart";
import { gapList } from "./gap_list";
import { header } from "./header";
import type { Painter } from "./painter";
import { Scores } from "./scores";
import { Simulation } from "./simulation";
import { SmilePlot } from "./smile_plot";
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
  const announcer = new Announcer();
  link.onOpened = (anomaly) => announcer.opened(anomaly);

  const { health } = link;
  const quoteAge = () => health.dataAge();
  const quotes = () => health.quotes();
  const said = () => health.quotesAnd(freshness(statusAge(board), STATUS_SECONDS));
  const sampled = () => health.quotesAnd(freshness(seriesAge(board), cadenceOf(board.market.times)));
  const chain = new Chain(board, painter, ageChip(painter, "chain-age", quoteAge, quotes));
  const anomalies = new AnomalyList(board, painter, ageChip(painter, "anomaly-age", () => statusAge(board), said), (anomaly) =>
    chain.show(anomaly.option_type === "CALL" ? "C" : "P", anomaly.strike),
  );
  const smile = new SmilePlot(board, painter, ageChip(painter, "smile-age", quoteAge, quotes));
  const chart = new FlowChart(board, painter, ageChip(painter, "chart-age", () => seriesAge(board), sampled));
  chart.element.append(gapList(board, painter));
  const scores = new Scores(api, painter);
  const simulation = new Simulation(board, api, painter);

  const switches = tools((what) => {
    if (what === "language") {
      retranslate(page);
      painter.touch("language");
    } else {
      chart.remake();
      smile.remake();
    }
    painter.all();
  });
  page.append(
    el("a", { class: "skip", text: "skip.chain", attributes: { href: "#chain" } }),
    header(board, health, painter, mark.badge, switches.element),
    el(
      "main",
      { class: "board", label: "main.label", attributes: { id: "chain", tabindex: "-1" } },
      el("div", { class: "column column-left" }, chain.element, chart.element),
      el("div", { class: "column column-right" }, anomalies.element, smile.element, scores.element, simulation.element),
    ),
    strip({ board, health, session: link.session, latency, api: api.facts, channel: () => link.channel }, painter),
    announcer.element,
    mark.overlay,
  );
  painter.add(["header", "language"], () => {
    document.title = t("title.page", { symbol: board.header?.symbol ?? "SPY" });
  }, 1_000);
}

/** The detector sends its status at least this often; anomalies themselves have no rhythm. */
const STATUS_SECONDS = 10;

const statusAge = (board: Board): number | null => (board.status ? (now() - board.statusAt) / 1000 : null);

/** Market time since the newest sample. */
function seriesAge(board: Board): number | null {
  const [at, last] = [board.clock.seconds(), board.market.lastTime];
  return at === null || last === null ? null : Math.max(0, at - last);
}
