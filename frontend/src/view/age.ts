/** The age of one widget's data, as a chip that turns amber and red. It is told how fresh that is, and judges nothing. */
import { duration } from "../format";
import { t } from "../i18n/language";
import type { Freshness } from "../state/freshness";
import { Line } from "./dom";
import type { Painter } from "./painter";

export function ageChip(painter: Painter, testid: string, age: () => number | null, level: () => Freshness): HTMLElement {
  const chip = new Line("span", { class: "age", testid, title: "age.label" });
  painter.add(["clock", "language"], () => {
    const seconds = age();
    chip.set(seconds === null ? t("age.none") : t("age.text", { age: duration(seconds) }));
    chip.mark("level", level());
  });
  return chip.element;
}
