/** Draws what changed, at most once a display frame, and nothing while the tab is hidden. Keeps no data. */
import { now } from "../api/client";
import type { Topic } from "../state/board";

interface Widget {
  topics: ReadonlySet<Topic>;
  draw: () => void;
  everyMs: number;
  drawnAt: number;
  due: boolean;
}

export class Painter {
  draws = 0;
  private readonly widgets: Widget[] = [];
  private asked = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly afterPaint = new MessageChannel();
  private painted: (at: number) => void = () => undefined;

  constructor() {
    document.addEventListener("visibilitychange", () => this.ask());
    this.afterPaint.port1.onmessage = () => this.painted(now());
  }

  /** `everyMs` holds back widgets that are dear to draw; their last state is always drawn in the end. */
  add(topics: readonly Topic[], draw: () => void, everyMs = 0): void {
    this.widgets.push({ topics: new Set(topics), draw, everyMs, drawnAt: -Infinity, due: true });
    this.ask();
  }

  readonly touch = (topic: Topic): void => {
    for (const widget of this.widgets) if (widget.topics.has(topic)) widget.due = true;
    this.ask();
  };

  all(): void {
    for (const widget of this.widgets) {
      widget.due = true;
      widget.drawnAt = -Infinity;
    }
    this.ask();
  }

  /** Called just after the browser has painted a draw of ours. */
  onPainted(painted: (at: number) => void): void {
    this.painted = painted;
  }

  private ask(): void {
    if (this.asked || document.hidden) return;
    this.asked = true;
    requestAnimationFrame(this.draw);
  }

  private readonly draw = (time: number): void => {
    this.asked = false;
    let drew = false;
    let wait = Infinity;
    for (const widget of this.widgets) {
      if (!widget.due) continue;
      const left = widget.everyMs - (time - widget.drawnAt);
      if (left > 0) {
        wait = Math.min(wait, left);
        continue;
      }
      widget.due = false;
      widget.drawnAt = time;
      widget.draw();
      drew = true;
    }
    clearTimeout(this.timer);
    if (wait < Infinity) this.timer = setTimeout(() => this.ask(), wait);
    if (!drew) return;
    this.draws += 1;
    // A message posted from the frame callback is handled after style, layout and paint of this frame.
    this.afterPaint.port2.postMessage(null);
  };
}
