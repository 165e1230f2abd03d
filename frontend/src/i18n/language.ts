/** The language of every string on the page, with plurals. A missing key cannot compile. */
import { en } from "./en";
import { es } from "./es";

export type Key = keyof typeof en;
export type Language = "en" | "es" | "qps";
type Stem<K> = K extends `${infer S}_other` ? S : never;
export type PluralKey = Stem<Key>;

/** `qps` is the pseudo-language of the tests: what is not in brackets was not translated. */
const pseudo = Object.fromEntries(Object.entries(en).map(([key, text]) => [key, `⟦${text}⟧`])) as Record<Key, string>;
const TEXTS: Readonly<Record<Language, Readonly<Record<Key, string>>>> = { en, es, qps: pseudo };

let current: Language = "en";
let rules = new Intl.PluralRules("en");

export const language = (): Language => current;
/** For numbers and dates. Plain `es` groups and points as Spain does. */
export const locale = (): string => (current === "es" ? "es" : "en-US");

export function setLanguage(next: Language): void {
  current = next;
  rules = new Intl.PluralRules(locale());
  document.documentElement.lang = next === "qps" ? "en" : next;
}

export function isLanguage(value: string | null): value is Language {
  return value === "en" || value === "es" || value === "qps";
}

/** The text of a key with `{name}` filled in. */
export function t(key: Key, values: Readonly<Record<string, string>> = {}): string {
  return TEXTS[current][key].replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** The form of a text for a count. */
export function plural(stem: PluralKey, count: number, values: Readonly<Record<string, string>> = {}): string {
  const form = rules.select(count) === "one" ? "one" : "other";
  return t(`${stem}_${form}` as Key, { n: String(count), ...values });
}
