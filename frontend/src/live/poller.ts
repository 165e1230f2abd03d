/** Reads by REST while the live channel cannot be had; stops by itself when the channel is back. */
import { POLL_SECONDS } from "../state/health";

export class Poller {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private on = false;

  /** `poll` reads once and settles; `told` hears whether it worked. */
  constructor(
    private readonly poll: () => Promise<void>,
    private readonly told: (working: boolean) => void,
  ) {}

  start(): void {
    if (this.on) return;
    this.on = true;
    void this.round();
  }

  stop(): void {
    this.on = false;
    clearTimeout(this.timer);
    this.told(false);
  }

  private async round(): Promise<void> {
    const working = await this.poll().then(
      () => true,
      () => false,
    );
    if (!this.on) return;
    this.told(working);
    this.timer = setTimeout(() => void this.round(), POLL_SECONDS * 1000);
  }
}
