/** Marks cells that have just changed, for less than 0.3 s. Two repaints each instead of an animation's twenty. */
const SHOWN_MS = 140;

const shown: [number, HTMLElement][] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

export function flash(element: HTMLElement): void {
  element.classList.add("flash");
  shown.push([performance.now(), element]);
  timer ??= setTimeout(sweep, SHOWN_MS);
}

/** One timer for all: a cell stays marked between one and two of its periods. */
function sweep(): void {
  const before = performance.now() - SHOWN_MS;
  while (shown.length && shown[0]![0] <= before) shown.shift()![1].classList.remove("flash");
  timer = shown.length ? setTimeout(sweep, SHOWN_MS) : undefined;
}
