import { once } from "node:events";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Endpoint, Simulator } from "@diffio-webhooks/simulator";
import { renderAttempt } from "./attempts.ts";
import { BIN, JSON_OPTION, newCommand } from "./command.ts";
import { collect, readPort, readSpeed } from "./input.ts";
import { type Output, bold, createOutput, grey, plain } from "./output.ts";
import { SECRET_FLAGS, findSecrets } from "./secrets.ts";
import { DEFAULT_PORT } from "./simulator-command.ts";
import { renderRows } from "./table.ts";

/** `dev`: the sender on this machine, until it is stopped. */
export function devCommand(): CommandUnknownOpts {
  return newCommand("dev", {
    description:
      "Start the simulator: the sender's side and its portal, on this machine, without an account.",
    examples: [
      "dev",
      "dev --forward http://localhost:3000/webhooks/diffio",
      "dev --speed 60 --data simulator.data  # a minute each second; everything kept over a restart",
    ],
    notes:
      "With --forward, the endpoint signs with DIFFIO_WEBHOOK_SECRET where the environment has it, so that an app in the\n" +
      "same environment takes its deliveries; else with a new secret, which is shown. Ctrl-C ends it.",
  })
    .option("--port <port>", "where it listens; 0 for any free port", readPort, DEFAULT_PORT)
    .option(
      "--host <address>",
      "at which address; anyone who reaches another one than this can read secrets",
      "127.0.0.1",
    )
    .option("--speed <factor>", "how many times as fast its clock goes", readSpeed, 1)
    .option("--data <file>", "keep everything in this file over a restart")
    .option("--forward <url>", "make an endpoint that sends there")
    .option(SECRET_FLAGS, "what that endpoint signs with", collect)
    .option(...JSON_OPTION)
    .action(async ({ port, host, speed, data, forward, secret, json }) => {
      const output = createOutput({ json });
      // It brings a web server with it: loaded here only.
      const { startSimulator } = await import("@diffio-webhooks/simulator");
      const simulator = await startSimulator({ port, host, clock: speed === 1 ? "real" : { speed }, data });
      try {
        const endpoint =
          forward === undefined ? undefined : await forwardTo(simulator, forward, findSecrets(secret)?.[0]);
        printStart(simulator, endpoint, output);
        simulator.onChange(({ kind, id, messageId }) => {
          if (kind === "attempt" && messageId !== undefined)
            void printAttempt(simulator, messageId, id, output);
        });
        await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
      } finally {
        await simulator.close();
      }
    });
}

/** The endpoint of that URL: the one that the data file has kept, or a new one. */
async function forwardTo(
  { endpoints }: Simulator,
  url: string,
  signingSecret: string | undefined,
): Promise<Endpoint> {
  const kept = (await endpoints.list()).find((endpoint) => endpoint.url === url);
  if (!kept) return endpoints.create({ url, signingSecret });
  if (signingSecret !== undefined && signingSecret !== kept.signingSecret) {
    await endpoints.rotateSecret(kept.id, { signingSecret });
  }
  return endpoints.get(kept.id);
}

function printStart({ url, apiKey }: Simulator, endpoint: Endpoint | undefined, output: Output): void {
  const rows = [
    ["Portal", bold(url)],
    ["API key", apiKey],
    ["For Diffio's SDKs", `DIFFIO_API_BASE_URL=${url}`],
    ...(endpoint
      ? [
          ["Endpoint", plain(endpoint.url)],
          ["For your app", `DIFFIO_WEBHOOK_SECRET=${endpoint.signingSecret}`],
        ]
      : []),
    ...(new URL(url).port === String(DEFAULT_PORT)
      ? []
      : [["For other commands", `DIFFIO_SIMULATOR_URL=${url}`]]),
  ];
  const next = endpoint
    ? "trigger generation.completed"
    : "endpoints create http://localhost:3000/webhooks/diffio";
  const table = renderRows(rows.map(([name = "", value = ""]) => [grey(name), value]));
  output.record(
    { url, apiKey, ...(endpoint && { endpointId: endpoint.id, signingSecret: endpoint.signingSecret }) },
    `${table}\n\nNext, in another terminal: ${BIN} ${next}\n`,
  );
}

async function printAttempt(
  simulator: Simulator,
  messageId: string,
  attemptId: string,
  output: Output,
): Promise<void> {
  const { eventType, attempts } = await simulator.messages.get(messageId);
  const attempt = attempts.find(({ id }) => id === attemptId);
  if (attempt)
    output.record(
      attempt,
      renderAttempt(attempt, `${grey(attempt.at.toISOString())}  ${plain(eventType)}  ${messageId}`),
    );
}
