/** The bearer token of this page: asked for when needed, renewed early, kept in memory only. */
import { decode } from "../decode/decoder";
import type { SettingsAnswer } from "../contracts/types";

const RENEW_AT = 0.8;

export class TokenKeeper {
  private token = "";
  private renewAt = 0;
  private asking: Promise<string> | null = null;

  constructor(
    private readonly base: string,
    private readonly login: SettingsAnswer["login"],
  ) {}

  /** A token that is still good; empty when the site in front of the API carries the sign-in (login `entra`). */
  async current(): Promise<string> {
    if (this.login !== "local") return "";
    return Date.now() < this.renewAt ? this.token : this.fresh();
  }

  /** A new token, whatever is held: for every connect, and after a 401. Parallel callers share one request. */
  async fresh(): Promise<string> {
    if (this.login !== "local") return "";
    this.asking ??= this.ask().finally(() => (this.asking = null));
    return this.asking;
  }

  private async ask(): Promise<string> {
    const answer = await fetch(`${this.base}api/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ grant_type: "local" }),
      signal: AbortSignal.timeout(10_000),
    });
    if (!answer.ok) throw new Error(`token refused with ${answer.status}`);
    const { access_token, expires_in } = decode("TokenAnswer", await answer.json());
    this.token = access_token;
    this.renewAt = Date.now() + expires_in * 1000 * RENEW_AT;
    return access_token;
  }
}
