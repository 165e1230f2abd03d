/** The age of one widget's data against its cadence, as a chip that turns amber and red. */
import { duration } from "../format";
import { t } from "../i18n/language";
import { freshness } from "../state/freshness";
import { Line } from "./dom";
import type { Painter } from "./painter";

export function ageChip(painter: Painter, testid: string, age: () => number | null, cadence: () => number | null): HTMLElement {
  const chip = new Line("span", { class: "age", testid, title: "age.label" });
  painter.add(["clock", "language"], () => {
    const seconds = age();
    chip.set(seconds === null ? t("age.none") : t("age.text", { age: duration(seconds) }));
    chip.mark("level", freshness(seconds, cadence()));
  });
  return chip.element;
}
