/** Numbers and times as text in the page's language. A missing value is a dash, never a zero. */
import { locale, t } from "./i18n/language";

export const MISSING = "—";

const formats = new Map<string, Intl.NumberFormat>();

function numberFormat(least: number, most: number, extra: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  const key = `${locale()}|${least}|${most}|${JSON.stringify(extra)}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale(), {
      minimumFractionDigits: least,
      maximumFractionDigits: most,
      // A number that rounds to nothing has no sign. (Not yet in TypeScript's own list of values.)
      signDisplay: "negative" as "auto",
      ...extra,
    });
    formats.set(key, format);
  }
  return format;
}

type Maybe = number | null | undefined;

export const fixed = (value: Maybe, digits: number): string =>
  value === null || value === undefined ? MISSING : numberFormat(digits, digits).format(value);

export const price = (value: Maybe): string => fixed(value, 2);
export const whole = (value: Maybe): string => fixed(value, 0);

/** A strike has no decimals unless it needs them. */
export const strike = (value: Maybe): string =>
  value === null || value === undefined ? MISSING : numberFormat(0, 2, { useGrouping: false }).format(value);

export const signed = (value: Maybe, digits: number): string =>
  value === null || value === undefined ? MISSING : numberFormat(digits, digits, { signDisplay: "exceptZero" }).format(value);

/** A fraction as percent. */
export const percent = (value: Maybe, digits: number): string =>
  value === null || value === undefined ? MISSING : numberFormat(digits, digits, { style: "percent" }).format(value);

/** Dollars, short: 1.2M. */
export const dollars = (value: Maybe): string =>
  value === null || value === undefined
    ? MISSING
    : numberFormat(0, 1, { notation: "compact", style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" }).format(value);

export const cash = (value: Maybe): string =>
  value === null || value === undefined
    ? MISSING
    : numberFormat(2, 2, { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" }).format(value);

/** A count in the room a column has, as trading screens write it in every language: 1.2K, 3.4M. */
export function compact(value: Maybe): string {
  if (value === null || value === undefined) return MISSING;
  if (Math.abs(value) < 1_000) return whole(value);
  const [unit, letter] = Math.abs(value) < 999_950 ? [1e3, "K"] : [1e6, "M"];
  return numberFormat(0, 1).format(value / unit) + letter;
}

/** An age or a wait: 0.4 s, 12 s, 3 min 05 s, 2 h 14 min. */
export function duration(seconds: Maybe): string {
  if (seconds === null || seconds === undefined) return MISSING;
  if (seconds < 10) return t("unit.seconds", { n: fixed(seconds, 1) });
  if (seconds < 60) return t("unit.seconds", { n: whole(Math.floor(seconds)) });
  const minutes = Math.floor(seconds / 60);
  const two = (value: number) => String(value).padStart(2, "0");
  if (minutes < 60) return t("unit.minutes", { m: String(minutes), s: two(Math.floor(seconds % 60)) });
  if (minutes < 48 * 60) return t("unit.hours", { h: String(Math.floor(minutes / 60)), m: two(minutes % 60) });
  return t("unit.days", { d: String(Math.floor(minutes / 1440)), h: String(Math.floor((minutes % 1440) / 60)) });
}

/** A countdown that does not jump in width: 5:54:12. */
export function countdown(seconds: Maybe): string {
  if (seconds === null || seconds === undefined) return MISSING;
  const left = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  return `${Math.floor(left / 3600)}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
}

const clocks = new Map<string, Intl.DateTimeFormat>();
const NEW_YORK = "America/New_York";

function clockFormat(form: "time" | "day"): Intl.DateTimeFormat {
  const key = locale() + form;
  let format = clocks.get(key);
  if (!format) {
    const parts: Intl.DateTimeFormatOptions =
      form === "time"
        ? { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }
        : { weekday: "short", day: "numeric", month: "short" };
    format = new Intl.DateTimeFormat(locale(), { timeZone: NEW_YORK, ...parts });
    clocks.set(key, format);
  }
  return format;
}

/** Time of day in New York, of milliseconds since 1970. */
export const timeEt = (ms: Maybe): string => (ms === null || ms === undefined ? MISSING : clockFormat("time").format(ms));
export const dayEt = (ms: Maybe): string => (ms === null || ms === undefined ? MISSING : clockFormat("day").format(ms));

/** An ISO session date as the language writes it. */
export const sessionDay = (day: string | null | undefined): string =>
  day ? dayEt(Date.parse(`${day}T16:00:00Z`)) : MISSING;
