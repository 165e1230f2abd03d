/** Every anomaly the page knows, by id; durable and live copies merge, the newer wins. */
import type { Anomaly, Severity } from "../contracts/types";

const KEPT = 500;

export class Anomalies {
  private readonly byId = new Map<string, { anomaly: Anomaly; seq: number }>();
  version = 0;

  /** True when this opened an anomaly the page did not know. */
  put(anomaly: Anomaly, seq: number): boolean {
    const known = this.byId.get(anomaly.id);
    if (known && known.seq > seq) return false;
    // A snapshot carries no number for each: within the same number the later market time wins.
    if (known && known.seq === seq && known.anomaly.timestamp > anomaly.timestamp) return false;
    this.byId.set(anomaly.id, { anomaly, seq });
    this.version += 1;
    if (this.byId.size > KEPT) this.forgetOldest();
    return !known && anomaly.status !== "closed";
  }

  /** A new epoch numbers from the start: whatever it says is newer than what is held. */
  rebase(): void {
    for (const held of this.byId.values()) held.seq = -1;
  }

  clear(): void {
    this.byId.clear();
    this.version += 1;
  }

  get(id: string): Anomaly | undefined {
    return this.byId.get(id)?.anomaly;
  }

  /** Open ones first, each part newest first. */
  list(): Anomaly[] {
    return [...this.byId.values()].map((held) => held.anomaly).sort(openThenNewest);
  }

  open(): Anomaly[] {
    return this.list().filter(isOpen);
  }

  private forgetOldest(): void {
    const last = this.list().pop();
    if (last) this.byId.delete(last.id);
  }
}

export const isOpen = (anomaly: Anomaly): boolean => anomaly.status !== "closed";

function openThenNewest(a: Anomaly, b: Anomaly): number {
  if (isOpen(a) !== isOpen(b)) return isOpen(a) ? -1 : 1;
  if (a.opened_at !== b.opened_at) return a.opened_at < b.opened_at ? 1 : -1;
  return a.id < b.id ? -1 : 1;
}

const RANK: Readonly<Record<Severity, number>> = { LOW: 1, MEDIUM: 2, HIGH: 3 };

export const moreSevere = (a: Severity, b: Severity): boolean => RANK[a] > RANK[b];
