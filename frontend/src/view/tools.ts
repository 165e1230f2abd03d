/** Language and theme switches; the choice is remembered in this browser and nowhere else. */
import { isLanguage, language, setLanguage, type Key, type Language } from "../i18n/language";
import { el } from "./dom";

const THEMES = ["dark", "light", "contrast"] as const;
type Theme = (typeof THEMES)[number];
const LANGUAGES: readonly (readonly [Language, string])[] = [
  ["en", "English"],
  ["es", "Español"],
];

export interface Tools {
  element: HTMLElement;
  theme: () => string;
}

/** `changed` is told after the language or the theme has changed. */
export function tools(changed: (what: "language" | "theme") => void): Tools {
  const languages = el("select", { testid: "language", label: "tools.language" });
  for (const [code, name] of LANGUAGES) {
    // A language is named in itself, whatever the page speaks.
    const option = el("option", { attributes: { value: code, lang: code } });
    option.textContent = name;
    languages.append(option);
  }
  languages.value = language();
  languages.addEventListener("change", () => {
    if (!isLanguage(languages.value)) return;
    setLanguage(languages.value);
    remember("language", languages.value);
    changed("language");
  });

  const themes = el("select", { testid: "theme", label: "tools.theme" });
  for (const theme of THEMES) themes.append(el("option", { text: `theme.${theme}` as Key, attributes: { value: theme } }));
  themes.value = currentTheme();
  themes.addEventListener("change", () => {
    setTheme(themes.value as Theme);
    remember("theme", themes.value);
    changed("theme");
  });
  return { element: el("div", { class: "tools" }, languages, themes), theme: currentTheme };
}

/** Before the first element is made: what was chosen last, else what the browser prefers. */
export function recallChoices(): void {
  const asked = new URLSearchParams(location.search).get("lang");
  const wanted = asked ?? recall("language") ?? (navigator.language.startsWith("es") ? "es" : "en");
  setLanguage(isLanguage(wanted) ? wanted : "en");
  const theme = recall("theme");
  setTheme(THEMES.find((known) => known === theme) ?? preferredTheme());
}

function preferredTheme(): Theme {
  if (matchMedia("(prefers-contrast: more)").matches) return "contrast";
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}

const currentTheme = (): string => document.documentElement.dataset.theme ?? "dark";
const setTheme = (theme: Theme): void => void (document.documentElement.dataset.theme = theme);

/** A browser that keeps nothing is no reason to fail. */
function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`spy.${name}`, value);
  } catch {
    return;
  }
}

function recall(name: string): string | null {
  try {
    return localStorage.getItem(`spy.${name}`);
  } catch {
    return null;
  }
}
