/** The live socket: connects, listens, and comes back for ever. Knows nothing of what the messages mean. */
import { HttpTransportType, HubConnectionBuilder, LogLevel, type HubConnection } from "@microsoft/signalr";
import { retryDelay } from "./retry";

const START_WATCHDOG_MS = 10_000;
/** The service's words when its daily message quota is spent; it then closes for good. */
const QUOTA_TEXT = "Message count reaches limit";
const QUOTA_RETRY_SECONDS = 300;
/** Failing longer than this while the API answers means that something between blocks the socket. */
const BLOCKED_AFTER_MS = 15_000;

export type ChannelState = "connecting" | "connected" | "reconnecting";
export type Trouble = "none" | "dropped" | "blocked" | "quota";

export interface ChannelEvents {
  /** Whether the server takes clients now; asked before a reconnect, because a refused one is an error in the console. */
  open(): Promise<boolean>;
  targets: Readonly<Record<string, (argument: unknown) => void>>;
  /** Handlers are in place and the socket is up. */
  connected(): void;
  /** The socket is down; `trouble` says why, as far as can be known. */
  down(trouble: Trouble): void;
  changed(): void;
}

export class Channel {
  state: ChannelState = "connecting";
  trouble: Trouble = "none";
  connects = 0;
  private connection: HubConnection | null = null;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failingSince = 0;
  private stopped = false;

  constructor(
    private readonly url: string,
    private readonly token: () => Promise<string>,
    private readonly events: ChannelEvents,
  ) {}

  start(): void {
    addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
    void this.connect();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    void this.connection?.stop();
  }

  /** For a socket that is dead without knowing it. */
  restart(): void {
    const dead = this.connection;
    this.attempt = 0;
    this.failed("dropped");
    void dead?.stop().catch(() => undefined);
  }

  /** The network or the person is back: do not sit out the wait. */
  private readonly hurry = (): void => {
    if (document.hidden || this.state === "connected" || this.timer === undefined || this.trouble === "quota") return;
    this.attempt = 0;
    this.schedule(0);
  };

  private build(): HubConnection {
    const connection = new HubConnectionBuilder()
      .withUrl(this.url, { accessTokenFactory: this.token, transport: HttpTransportType.WebSockets })
      // Its log lines can carry the URL with the token in it.
      .configureLogging(LogLevel.None)
      .build();
    for (const [target, handle] of Object.entries(this.events.targets)) {
      connection.on(target, (...received: unknown[]) => received.forEach(handle));
    }
    connection.onclose((error) => {
      if (connection === this.connection) this.lost(error);
    });
    return connection;
  }

  private async connect(): Promise<void> {
    this.timer = undefined;
    const connection = (this.connection = this.build());
    // start() can hang for ever when a policy blocks the socket, so it gets a watchdog.
    const watchdog = setTimeout(() => {
      if (connection !== this.connection || this.state === "connected") return;
      this.connection = null;
      void connection.stop().catch(() => undefined);
      this.failed("blocked");
    }, START_WATCHDOG_MS);
    try {
      if (this.trouble !== "none" && !(await this.events.open())) throw new Error("the live channel takes nobody now");
      await connection.start();
      if (connection !== this.connection || this.stopped) return void connection.stop();
      this.state = "connected";
      this.trouble = "none";
      this.attempt = 0;
      this.failingSince = 0;
      this.connects += 1;
      this.events.connected();
      this.events.changed();
    } catch (error) {
      if (connection === this.connection) this.failed(troubleOf(error));
    } finally {
      clearTimeout(watchdog);
    }
  }

  private lost(error: Error | undefined): void {
    if (this.state === "connected") this.failed(troubleOf(error));
  }

  private failed(trouble: Trouble): void {
    this.connection = null;
    if (this.stopped) return;
    this.failingSince ||= Date.now();
    const long = Date.now() - this.failingSince > BLOCKED_AFTER_MS;
    this.state = "reconnecting";
    this.trouble = trouble === "dropped" && long ? "blocked" : trouble;
    this.schedule(trouble === "quota" ? QUOTA_RETRY_SECONDS : retryDelay(this.attempt++, Math.random()));
    this.events.down(this.trouble);
    this.events.changed();
  }

  private schedule(seconds: number): void {
    clearTimeout(this.timer);
    if (!this.stopped) this.timer = setTimeout(() => void this.connect(), seconds * 1000);
  }
}

function troubleOf(error: unknown): Trouble {
  return error instanceof Error && error.message.includes(QUOTA_TEXT) ? "quota" : "dropped";
}
