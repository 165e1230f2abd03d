/** Starts the page: settings, snapshot, live channel, widgets. The one file that knows them all. */
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/chain.css";
import "./styles/anomalies.css";
import "./styles/charts.css";
import { ApiClient } from "./api/client";
import { Link } from "./live/link";
import { Board } from "./state/board";
import { Latency } from "./state/latency";
import { layout } from "./view/layout";
import { Painter } from "./view/painter";
import { recallChoices } from "./view/tools";
import { publishCounters } from "./counters";

const TICK_MS = 500;

recallChoices();
const base = new URL("./", location.href).href;
const painter = new Painter();
const board = new Board(painter.touch);
const latency = new Latency();
const api = new ApiClient(base, null, () => painter.touch("channel"));
const link = new Link(base, board, api, latency);

layout(document.getElementById("page")!, { board, api, link, latency, painter });
painter.onPainted((at) => latency.painted(at, link.provenSkew()));
document.addEventListener("visibilitychange", () => latency.forgetWaiting());
setInterval(() => painter.touch("clock"), TICK_MS);
publishCounters(link, latency, painter);
void link.start();
