/** `window.__spy`: read-only counters for tests and latency measurements; no data, no way in. */
import type { Link } from "./live/link";
import type { Latency } from "./state/latency";
import type { Painter } from "./view/painter";

export function publishCounters(link: Link, latency: Latency, painter: Painter): void {
  const counters = {
    get frames() { return link.session.counters.frames; },
    get events() { return link.session.counters.events; },
    get received() { return link.session.counters.frames + link.session.counters.events; },
    get rejected() { return link.session.counters.rejected + link.api.facts.rejected; },
    get duplicates() { return link.session.counters.duplicates; },
    get skippedFrames() { return link.session.counters.skippedFrames; },
    get foreign() { return link.session.counters.foreign; },
    get resyncs() { return link.session.counters.resyncs; },
    get backfilled() { return link.session.counters.backfilled; },
    get connects() { return link.channel?.connects ?? 0; },
    get lastFrame() { return link.session.frames.last; },
    get lastSeq() { return link.session.sequence.last; },
    get contiguousSeq() { return link.session.sequence.contiguous; },
    get missingSeq() { return link.session.sequence.missing; },
    get draws() { return painter.draws; },
    get latencySamples() { return latency.count; },
    get latencyP50() { return latency.quantile(0.5); },
    get latencyP99() { return latency.quantile(0.99); },
    latencyOfLast: (samples: number) => [latency.quantile(0.5, samples), latency.quantile(0.99, samples)],
  };
  Object.defineProperty(window, "__spy", { value: Object.freeze(counters), writable: false, configurable: false });
}
