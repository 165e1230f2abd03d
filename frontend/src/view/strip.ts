/** The bottom line: each link of the way of the data, and whether it holds. */
import { duration, fixed, whole } from "../format";
import { t, type Key } from "../i18n/language";
import type { ApiFacts } from "../api/client";
import type { Channel } from "../live/channel";
import type { Session } from "../live/session";
import type { Board } from "../state/board";
import type { Health } from "../state/health";
import type { Latency } from "../state/latency";
import { el, Line } from "./dom";
import type { Painter } from "./painter";

export interface Links {
  board: Board;
  health: Health;
  session: Session;
  latency: Latency;
  api: ApiFacts;
  channel: () => Channel | null;
}

const STORAGE_LEVELS = { ok: "good", waiting: "warn", losing: "bad" } as const;

interface Item {
  box: HTMLElement;
  value: Line;
}

function item(name: Key, testid: string, help: Key): Item {
  const value = new Line("span", { class: "value", testid });
  const box = el("span", { class: "item", title: help }, el("span", { class: "name", text: name }), value.element);
  return { box, value };
}

export function strip(links: Links, painter: Painter): HTMLElement {
  const feed = item("strip.feed", "feed-state", "strip.feed.help");
  const api = item("strip.api", "api-state", "strip.api.help");
  const channel = item("strip.channel", "connection-state", "strip.channel.help");
  const age = item("strip.data_age", "data-age", "strip.data_age.help");
  const storage = item("strip.storage", "storage-state", "strip.storage.help");
  const beat = item("strip.beat", "beat", "strip.beat.help");
  const delay = item("strip.latency", "latency", "strip.latency.help");
  const skew = item("strip.skew", "clock-skew", "strip.skew.help");
  const rejected = item("strip.rejected", "rejected", "strip.rejected.help");
  const missing = item("strip.missing", "missing", "strip.missing.help");
  channel.value.element.setAttribute("role", "status");

  painter.add(["status", "channel", "clock", "language"], () => {
    const { board, health, session, latency } = links;
    const shown = health.shown();
    feed.value.set(board.status ? t(`feed.${board.status.feed}`) : t("feed.unknown"));
    feed.value.mark("level", feedLevel(board));
    feed.value.element.title = board.status?.message ?? "";
    api.value.set(t(`api.${links.api.state}`));
    api.value.mark("level", links.api.state === "failing" ? "bad" : "good");
    channel.value.set(channelText(shown, links.channel()));
    channel.value.mark("state", shown);
    channel.value.mark("level", shown === "live" ? "good" : shown === "offline" ? "bad" : "warn");
    age.value.set(duration(health.dataAge()));
    age.value.mark("level", health.ageLevel());
    const kept = board.header?.storage ?? null;
    storage.value.set(kept === null ? t("storage.unknown") : t(`storage.${kept}`));
    storage.value.mark("level", kept === null ? "none" : STORAGE_LEVELS[kept]);
    const cadence = health.cadence();
    beat.value.set(cadence === null ? t("beat.unknown") : t("beat.every", { n: fixed(cadence, cadence < 1 ? 2 : 0) }));
    delay.value.set(latencyText(latency));
    skew.value.set(skewText(links.api));
    const refused = session.counters.rejected + links.api.rejected;
    rejected.value.set(t("strip.rejected.count", { n: whole(refused) }));
    rejected.value.mark("level", refused ? "warn" : "none");
    missing.value.set(whole(session.sequence.missing));
    missing.value.mark("level", session.sequence.missing ? "warn" : "none");
  }, 250);

  const items = [feed, api, channel, age, storage, beat, delay, skew, missing, rejected].map((each) => each.box);
  return el("footer", { class: "strip", label: "strip.label" }, ...items);
}

function feedLevel(board: Board): string {
  if (!board.status) return "none";
  return board.status.feed === "connected" ? "good" : board.status.ibkr_connected ? "warn" : "bad";
}

function channelText(shown: ReturnType<Health["shown"]>, channel: Channel | null): string {
  if (shown === "polling") return t(channel?.trouble === "quota" ? "channel.polling_quota" : "channel.polling");
  return t(`channel.${shown}`);
}

function latencyText(latency: Latency): string {
  const half = latency.quantile(0.5);
  return half === null ? t("latency.unknown") : t("latency.both", { p50: whole(half), p99: whole(latency.quantile(0.99)) });
}

/** A skew smaller than half the round trip cannot be told from none. */
function skewText(api: ApiFacts): string {
  if (api.skewMs === null) return t("skew.unknown");
  const told = Math.abs(api.skewMs) > api.skewErrorMs;
  return told ? t("skew.told", { n: whole(api.skewMs) }) : t("skew.none", { n: whole(Math.ceil(api.skewErrorMs)) });
}
