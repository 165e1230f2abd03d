/** Joins the snapshot, the live messages and the backfill into one board without a hole; draws nothing. */
import type { ApiClient } from "../api/client";
import { now } from "../api/client";
import { WIRE_VERSION } from "../contracts/tables";
import type { Anomaly, DurableEvent, Frame, Snapshot, Stream } from "../contracts/types";
import { decode } from "../decode/decoder";
import type { Board } from "../state/board";
import { EventSequence, FrameSequence } from "./sequence";

const PAGE = 500;
const HISTORY_LIMIT = 8_000;
/** A hole longer than this is read as history and snapshot instead of event by event. */
const HOLE_LIMIT = 5_000;
const RESYNC_EVERY_MS = 1_000;
const BUFFER_LIMIT = 2_000;
/** Messages may overtake each other by a beat; only then is a hole a hole. */
const HOLE_PATIENCE_MS = 150;

export interface Counters {
  frames: number;
  events: number;
  rejected: number;
  duplicates: number;
  skippedFrames: number;
  foreign: number;
  resyncs: number;
  backfilled: number;
}

interface Live {
  stream: Stream;
  event: DurableEvent;
}

export class Session {
  readonly counters: Counters = {
    frames: 0, events: 0, rejected: 0, duplicates: 0, skippedFrames: 0, foreign: 0, resyncs: 0, backfilled: 0,
  };
  sequence = new EventSequence();
  frames = new FrameSequence();
  lastMessageAt = 0;
  /** The channel is up, or polling stands in for it. */
  hearing = true;
  private losses = 0;
  private running: Promise<void> | null = null;
  private filling: Promise<void> | null = null;
  private lastResync = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private bufferedFrames: Frame[] = [];
  private bufferedEvents: Live[] = [];

  constructor(
    private readonly board: Board,
    private readonly api: ApiClient,
    private readonly opened: (anomaly: Anomaly) => void,
    private readonly newFrame: (frame: Frame) => void,
  ) {}

  readonly onFrame = (value: unknown): void => {
    const frame = this.checked(() => decode("Frame", value));
    if (!frame) return;
    this.counters.frames += 1;
    this.lastMessageAt = now();
    if (this.running) keep(this.bufferedFrames, frame);
    if (!this.belongs(frame)) return;
    const verdict = this.frames.accept(frame.frame);
    if (verdict === "old") {
      this.counters.duplicates += 1;
      return;
    }
    if (verdict === "skipped") {
      this.counters.skippedFrames += 1;
      this.resync();
    }
    this.board.applyFrame(frame);
    this.newFrame(frame);
  };

  readonly onEvent = (value: unknown): void => {
    const live = this.checked(() => decodeLive(value));
    if (!live) return;
    this.counters.events += 1;
    this.lastMessageAt = now();
    if (this.running && !this.board.stream) keep(this.bufferedEvents, live);
    if (this.belongs(live.stream)) this.take(live.event);
  };

  /** The channel is down: from here on the page hears nothing. */
  lost(): void {
    this.hearing = false;
    const at = this.board.clock.seconds();
    if (at === null || !this.board.gaps.channelLost(at)) return;
    this.losses += 1;
    this.board.touch("gaps");
    this.board.touch("series");
  }

  /** Reads the snapshot soon: at once, or as soon as the last one is a second old. One at a time. */
  resync(): void {
    if (this.running || this.timer !== undefined) return;
    const wait = Math.max(0, this.lastResync + RESYNC_EVERY_MS - now());
    this.timer = setTimeout(() => void this.resyncNow(), wait);
  }

  /** The channel is up: a snapshot asked for before that proves nothing about what was missed meanwhile. */
  rejoin(): void {
    this.hearing = true;
    const before = this.running ?? Promise.resolve();
    void before
      .catch(() => undefined)
      .then(() => this.resyncNow())
      .catch(() => this.resync());
  }

  resyncNow(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.lastResync = now();
    this.running ??= this.read().finally(() => {
      this.running = null;
      this.bufferedFrames = [];
      this.bufferedEvents = [];
    });
    return this.running;
  }

  private async read(): Promise<void> {
    this.counters.resyncs += 1;
    const { losses } = this;
    const snapshot = await this.api.snapshot();
    const before = this.board.stream;
    if (!snapshot.stream) return;
    const sameDay = before !== null && dayKey(before) === dayKey(snapshot.stream);
    if (!sameDay) this.board.reset();
    // What the old epoch published last is still owed to the reader.
    else if (before.epoch < snapshot.stream.epoch) await this.drain(before).catch(() => undefined);
    const sameStream = sameDay && before.epoch === snapshot.stream.epoch;
    this.adopt(snapshot, sameStream);
    for (const frame of this.bufferedFrames) this.replay(frame);
    for (const { stream, event } of this.bufferedEvents) if (this.isOurs(stream)) this.take(event);
    await this.fill(snapshot, sameStream);
    // What was asked for before the channel fell says nothing of what has been missed since.
    if (!this.hearing || losses !== this.losses) return;
    this.board.gaps.channelBack(this.board.clock.seconds() ?? 0);
    this.board.gaps.channelFilled();
    this.board.touch("gaps");
    this.board.touch("series");
  }

  private adopt(snapshot: Snapshot, sameStream: boolean): void {
    this.board.stream = snapshot.stream;
    if (!sameStream) {
      this.frames = new FrameSequence(snapshot.frame);
      this.sequence = new EventSequence(0);
      this.board.anomalies.rebase();
    } else {
      this.frames.cover(snapshot.frame);
    }
    this.board.applySnapshot(snapshot);
  }

  /** Frames that came while the snapshot was on its way are newer than it. */
  private replay(frame: Frame): void {
    if (!this.isOurs(frame) || frame.frame <= (this.board.header?.frame ?? 0)) return;
    this.frames.cover(frame.frame);
    this.board.applyFrame(frame);
    this.newFrame(frame);
  }

  private async fill(snapshot: Snapshot, sameStream: boolean): Promise<void> {
    if (!snapshot.stream) return;
    this.board.applyHistory(await this.api.history(snapshot.stream, HISTORY_LIMIT));
    if (!sameStream) this.board.smile = (await this.api.smile()).smile;
    if (!sameStream || snapshot.seq - this.sequence.contiguous > HOLE_LIMIT) this.sequence.cover(snapshot.seq);
    await this.backfill(snapshot.seq);
  }

  private async drain(stream: Stream): Promise<void> {
    for (let after = this.sequence.contiguous; ; ) {
      const page = await this.api.events(stream, after, PAGE);
      for (const event of page.events) this.apply(event);
      const last = page.events[page.events.length - 1];
      if (!last) return;
      after = last.seq;
    }
  }

  private take(event: DurableEvent): void {
    if (!this.sequence.accept(event.seq)) {
      this.counters.duplicates += 1;
      return;
    }
    this.apply(event);
    if (this.sequence.missing > 0) setTimeout(() => void this.mend(), HOLE_PATIENCE_MS);
  }

  private apply(event: DurableEvent): void {
    const opened = this.board.applyEvent(event);
    if (opened) this.opened(opened);
  }

  private async mend(): Promise<void> {
    if (this.sequence.missing > 0) await this.backfill(this.sequence.last).catch(() => this.resync());
  }

  private backfill(target: number): Promise<void> {
    this.filling ??= this.fetchUpTo(target).finally(() => (this.filling = null));
    return this.filling;
  }

  /** Asks after the last contiguous number until the hole is closed; the store may be a moment behind the hub. */
  private async fetchUpTo(target: number): Promise<void> {
    const sequence = this.sequence;
    for (let pause = 250; sequence === this.sequence && sequence.contiguous < target; ) {
      const stream = this.board.stream;
      if (!stream) return;
      const page = await this.api.events(stream, sequence.contiguous, PAGE);
      if (sequence !== this.sequence) return;
      for (const event of page.events) {
        if (!sequence.accept(event.seq)) continue;
        this.counters.backfilled += 1;
        this.apply(event);
      }
      const last = page.events[page.events.length - 1];
      if (last) sequence.cover(last.seq);
      else if (page.last_seq >= target) sequence.cover(page.last_seq);
      else if ((page.newest_epoch ?? 0) > stream.epoch) return this.resync();
      else {
        await new Promise((done) => setTimeout(done, pause));
        pause = Math.min(5_000, pause * 2);
      }
    }
  }

  private isOurs(stream: Stream): boolean {
    const ours = this.board.stream;
    return ours !== null && dayKey(ours) === dayKey(stream) && ours.epoch === stream.epoch;
  }

  /** Ours, or counted: an older epoch is dropped, anything else means that the world has moved on. */
  private belongs(stream: Stream): boolean {
    if (this.isOurs(stream)) return true;
    this.counters.foreign += 1;
    const ours = this.board.stream;
    const older = ours !== null && dayKey(ours) === dayKey(stream) && stream.epoch < ours.epoch;
    if (!older) this.resync();
    return false;
  }

  private checked<T>(read: () => T): T | null {
    try {
      return read();
    } catch {
      this.counters.rejected += 1;
      this.board.touch("channel");
      return null;
    }
  }
}

const dayKey = ({ source, run, symbol, day }: Stream): string => [source, run, symbol, day].join("|");

function keep<T>(buffer: T[], item: T): void {
  buffer.push(item);
  if (buffer.length > BUFFER_LIMIT) buffer.shift();
}

/** A live message is a stream's name and one of its events in one object. */
function decodeLive(value: unknown): Live {
  const stream = decode("Stream", value);
  const event = decode("DurableEvent", value);
  if ((value as { v?: unknown }).v !== WIRE_VERSION) throw new Error("another wire version");
  return { stream, event };
}
