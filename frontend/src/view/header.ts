/** The top line: what is traded, where it stands, how long it lasts, and how far the figures may be trusted. */
import { countdown, dayEt, percent, price, sessionDay, timeEt } from "../format";
import { t, type Key } from "../i18n/language";
import type { Board } from "../state/board";
import type { Health } from "../state/health";
import { el, Line, type Options } from "./dom";
import type { Painter } from "./painter";

interface Figure {
  box: HTMLElement;
  value: Line;
}

function figure(name: Key, testid: string, options: Options = {}): Figure {
  const value = new Line("dd", { testid });
  return { box: el("div", { class: "figure", ...options }, el("dt", { text: name }), value.element), value };
}

export function header(board: Board, health: Health, painter: Painter, watermark: HTMLElement, tools: HTMLElement): HTMLElement {
  const symbol = new Line("span", { class: "symbol", testid: "symbol" });
  const title = el("h1", { class: "title" }, symbol.element, el("span", { class: "subtitle", text: "title.subtitle" }));
  const figures = {
    spot: figure("header.spot", "spot"),
    forward: figure("header.forward", "forward"),
    vol: figure("header.atm_vol", "atm-vol"),
    expiry: figure("header.expiry", "expiry"),
    left: figure("header.to_expiry", "expiry-countdown"),
    clock: figure("header.market_time", "market-time"),
    session: figure("header.session", "session-countdown"),
  };
  const state = new Line("span", { class: "badge", testid: "state-badge", attributes: { role: "status" } });
  const data = new Line("span", { class: "badge", testid: "data-badge" });

  painter.add(["header", "status", "clock", "calendar", "channel", "language"], () => {
    const head = board.header;
    symbol.set(head?.symbol ?? board.stream?.symbol ?? "SPY");
    figures.spot.value.set(price(head?.spot));
    figures.forward.value.set(price(head?.forward));
    figures.vol.value.set(percent(head?.atm_vol, 2));
    figures.expiry.value.set(sessionDay(head?.expiry ?? board.status?.expiry));
    figures.left.value.set(countdown(toExpiry(board)));
    const ms = board.clock.ms();
    figures.clock.value.set(ms === null ? timeEt(null) : `${timeEt(ms)} ET`);
    figures.clock.value.element.title = dayEt(ms);
    figures.session.value.set(sessionText(board));
    const shown = head?.state ?? board.status?.state ?? board.calendar?.state ?? null;
    state.set(shown ? t(`state.${shown}`) : t("state.unknown"));
    state.mark("state", shown ?? "unknown");
    state.element.title = shown ? t(`state.${shown}.help`) : "";
    const trust = health.data();
    data.set(trust ? t(`data.${trust}`) : t("data.unknown"));
    data.mark("state", trust ?? "unknown");
  });

  return el(
    "header",
    { class: "top" },
    title,
    el("div", { class: "badges" }, state.element, data.element, watermark),
    el("dl", { class: "figures" }, ...Object.values(figures).map((each) => each.box)),
    tools,
  );
}

function toExpiry(board: Board): number | null {
  const left = board.header?.seconds_to_expiry ?? null;
  if (left === null || !board.header) return null;
  return left - board.clock.since(board.header.market_time);
}

/** Opens or closes in: the exchange's calendar as the server tells it, on the market's clock. */
function sessionText(board: Board): string {
  const at = board.clock.ms();
  const calendar = board.calendar;
  if (at === null || !calendar) return countdown(null);
  const today = calendar.days.find((day) => isWithin(at, day.open_utc, day.close_utc));
  if (today?.close_utc) {
    const left = countdown((Date.parse(today.close_utc) - at) / 1000);
    return t(today.half_day ? "header.closes_in_half" : "header.closes_in", { time: left });
  }
  const next = nextOpen(board, at);
  return next === null ? t("header.closed") : t("header.opens_in", { time: countdown((next - at) / 1000) });
}

function nextOpen(board: Board, at: number): number | null {
  const opens = (board.calendar?.days ?? []).flatMap((day) => (day.open_utc ? [Date.parse(day.open_utc)] : []));
  const told = board.calendar?.next_open_utc;
  if (told) opens.push(Date.parse(told));
  const ahead = opens.filter((open) => open > at);
  return ahead.length ? Math.min(...ahead) : null;
}

const isWithin = (at: number, open: string | null, close: string | null): boolean =>
  open !== null && close !== null && at >= Date.parse(open) && at < Date.parse(close);
