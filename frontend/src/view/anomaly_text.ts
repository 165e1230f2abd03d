/** An anomaly in words and figures, in the page's language. Pure text; no elements, no judgement. */
import type { Anomaly, Leg, Markout, ReasonGiven } from "../contracts/types";
import { cash, fixed, MISSING, percent, price, signed, strike, whole } from "../format";
import { plural, t, type Key } from "../i18n/language";

/** "596 C", or "596/597 P" for a spread. */
export function contractText(anomaly: Anomaly): string {
  const strikes = [...new Set(anomaly.legs.map((leg) => leg.strike).filter((each) => each !== null))];
  const named = strikes.length > 1 ? strikes.sort((a, b) => a - b) : [anomaly.strike];
  const rights = new Set(anomaly.legs.map((leg) => leg.option_type).filter((each) => each !== null));
  const right = rights.size > 1 ? t("right.both") : t(`right.${anomaly.option_type}`);
  return `${named.map(strike).join("/")} ${right}`;
}

export function legText(leg: Leg): string {
  const what = leg.option_type === null ? t("leg.stock") : `${strike(leg.strike)} ${t(`right.${leg.option_type}`)}`;
  return t("leg.text", { side: t(`side.${leg.side}`), ratio: fixed(leg.ratio, Number.isInteger(leg.ratio) ? 0 : 2), what });
}

/** The side of the quote that a taker gets, with its size and exchange as far as known. */
export function legPrice(leg: Leg): string {
  const buy = leg.side === "BUY";
  const size = buy ? leg.ask_size : leg.bid_size;
  const exchange = buy ? leg.ask_exchange : leg.bid_exchange;
  const at = t("leg.price", { price: price(buy ? leg.ask : leg.bid), size: whole(size) });
  return exchange ? `${at} ${exchange}` : at;
}

/** Units differ by reason: the reason's own text says which. */
export function reasonText(reason: ReasonGiven): string {
  const name = t(`reason.${reason.code}` as Key);
  if (reason.value === null) return name;
  // Half a cent matters where values are cents.
  const digits = Math.abs(reason.value) < 1 ? 3 : 2;
  const value = fixed(reason.value, digits);
  return reason.limit === null
    ? t("reason.valued", { name, value })
    : t("reason.limited", { name, value, limit: fixed(reason.limit, digits) });
}

export function markoutText(markout: Markout): string {
  const after = fixed(markout.after_seconds, markout.after_seconds < 1 ? 2 : 0);
  const parts = [t("markout.after", { n: after })];
  if (markout.executable !== null) parts.push(t(markout.executable ? "markout.executable" : "markout.gone"));
  if (markout.edge_net !== null) parts.push(t("markout.edge", { value: signed(markout.edge_net, 3) }));
  if (markout.hedged_mid !== null) parts.push(t("markout.mid", { value: signed(markout.hedged_mid, 3) }));
  return parts.join(" · ");
}

/** The figures of the opened card, as names and values. */
export function figures(anomaly: Anomaly): readonly (readonly [Key, string])[] {
  const { worth } = anomaly;
  return [
    ["anomaly.quote", `${price(anomaly.bid)} / ${price(anomaly.ask)}`],
    ["anomaly.fair", fixed(anomaly.fair, 3)],
    ["anomaly.deviation_percent", anomaly.deviation_percent === null ? MISSING : `${signed(anomaly.deviation_percent, 1)} %`],
    ["anomaly.z", signed(anomaly.z, 1)],
    ["anomaly.z_temporal", signed(anomaly.z_temporal, 1)],
    ["anomaly.iv", `${percent(anomaly.iv, 1)} / ${percent(anomaly.fair_iv, 1)}`],
    ["anomaly.edge_touch", signed(worth?.edge_touch, 3)],
    ["anomaly.edge_net", signed(worth?.edge_net, 3)],
    ["anomaly.size", whole(worth?.size)],
    ["anomaly.worth_one", cash(worth?.worth_usd_one)],
    ["anomaly.worth", cash(worth?.worth_usd)],
    ["anomaly.volume", whole(anomaly.volume)],
  ];
}

/** What the live region says of the anomalies opened since it last spoke. */
export function announcement(opened: readonly Anomaly[], highest: Anomaly): string {
  const what = `${t(`severity.${highest.severity}`)} ${t(`kind.${highest.kind}`)} ${contractText(highest)}`;
  return `${plural("count.new", opened.length)}: ${what}`;
}
