// The unmodified @microsoft/signalr client as the page uses it; writes one JSON line for everything that happens.
// node live_client.mjs MODULE_FOLDER BASE_URL. Ends when its input ends.
import { createRequire } from "node:module";

const [, , folder, base] = process.argv;
const { HubConnectionBuilder, LogLevel } = createRequire(`${folder}/package.json`)("@microsoft/signalr");
const say = (what, more = {}) => process.stdout.write(JSON.stringify({ what, ...more }) + "\n");

async function apiToken() {
  const body = JSON.stringify({ grant_type: "local" });
  const answer = await fetch(`${base}/api/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  return (await answer.json()).access_token;
}

const retry = { nextRetryDelayInMilliseconds: () => 100 };
const connection = new HubConnectionBuilder()
  .withUrl(base, { accessTokenFactory: apiToken })
  .withAutomaticReconnect(retry)
  .configureLogging(LogLevel.None)
  .build();
for (const target of ["frame", "anomalyDetected", "status", "event"]) {
  connection.on(target, (payload) => say(target, { seq: payload.seq, frame: payload.frame }));
}
connection.onreconnecting((error) => say("reconnecting", { error: error?.message ?? null }));
connection.onreconnected(() => say("reconnected"));
connection.onclose((error) => say("closed", { error: error?.message ?? null }));
process.stdin.on("end", () => connection.stop().then(() => process.exit(0)));
process.stdin.resume();
await connection.start();
say("connected", { id: connection.connectionId });
