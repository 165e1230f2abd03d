/** Making elements: text nodes and attributes only. Nothing here, or anywhere else, parses markup. */
import { t, type Key } from "../i18n/language";

export interface Options {
  class?: string;
  testid?: string;
  /** Text by key; follows the language. */
  text?: Key;
  /** aria-label and tooltip by key; follow the language. */
  label?: Key;
  title?: Key;
  attributes?: Readonly<Record<string, string>>;
}

export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  options: Options = {},
  ...children: (Node | null)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (options.class) element.className = options.class;
  if (options.testid) element.dataset.testid = options.testid;
  for (const [name, value] of Object.entries(options.attributes ?? {})) element.setAttribute(name, value);
  if (options.text) element.dataset.text = options.text;
  if (options.label) element.dataset.label = options.label;
  if (options.title) element.dataset.title = options.title;
  translate(element);
  element.append(...children.filter((child) => child !== null));
  return element;
}

function translate(element: HTMLElement): void {
  const { text, label, title } = element.dataset;
  if (text) element.textContent = t(text as Key);
  if (label) element.setAttribute("aria-label", t(label as Key));
  if (title) element.title = t(title as Key);
}

/** Says everything again in the present language. */
export function retranslate(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLElement>("[data-text],[data-label],[data-title]")) translate(element);
}

/** An element whose one text node is written only when the text differs. */
export class Line {
  readonly element: HTMLElement;
  private readonly node = document.createTextNode("");

  constructor(tag: keyof HTMLElementTagNameMap, options: Options = {}) {
    this.element = el(tag, options, this.node);
  }

  set(text: string): void {
    if (this.node.data !== text) this.node.data = text;
  }

  /** A data attribute that styles and tests read. */
  mark(name: string, value: string): void {
    if (this.element.dataset[name] !== value) this.element.dataset[name] = value;
  }
}

export function button(options: Options, press: () => void): HTMLButtonElement {
  const element = el("button", { ...options, attributes: { type: "button", ...options.attributes } });
  element.addEventListener("click", press);
  return element;
}
