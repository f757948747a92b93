import { devNull } from "node:os";
import { randomBytes } from "node:crypto";
import type { Simulator } from "@diffio-webhooks/simulator";
import { type RunningExample, startExample } from "../../start-example.ts";

/** An example app: where it lies, how it is started, and how it says where it listens. */
interface Receiver {
  readonly name: string;
  readonly folder: string;
  readonly args: readonly string[];
  readonly listening: RegExp;
}

const SERVER = { args: ["src/server.ts"], listening: /http:\S+\/webhooks\/diffio/ };
const RECEIVERS: readonly Receiver[] = [
  { name: "express", folder: "express", ...SERVER },
  { name: "fastify", folder: "fastify", ...SERVER },
  { name: "hono", folder: "hono-node", ...SERVER },
  {
    name: "worker",
    folder: "cloudflare-workers",
    args: [
      "node_modules/wrangler/bin/wrangler.js",
      "dev",
      "--local",
      "--port=0",
      "--inspector-port=0",
      // The secret comes from the environment, whatever a .dev.vars says.
      `--env-file=${devNull}`,
    ],
    listening: /http:\/\/[\w.]+:\d+/,
  },
];
/** Wrangler, without asking and without the network. */
const WRANGLER_ENV = {
  CI: "1",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_SEND_METRICS: "false",
};

/** An example app that runs, and the endpoint that leads to it. */
export interface RunningReceiver {
  readonly name: string;
  readonly url: string;
  readonly example: RunningExample;
}

/**
 * Starts every example app with a secret of its own, and makes an endpoint for it.
 *
 * @param onLine is given what they write
 */
export function startReceivers(
  simulator: Simulator,
  onLine: (name: string, line: string) => void,
): readonly Promise<RunningReceiver>[] {
  return RECEIVERS.map(async ({ name, folder, args, listening }) => {
    const signingSecret = `whsec_${randomBytes(24).toString("base64")}`;
    const env = { ...WRANGLER_ENV, PORT: "0", DIFFIO_WEBHOOK_SECRET: signingSecret };
    let rest = "";
    const example = startExample(new URL(`../../${folder}/`, import.meta.url), args, env, (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(name, line);
    });
    const [found] = await example.waitFor(listening).catch(async (error: unknown) => {
      await example.stop();
      throw error;
    });
    const url = new URL("/webhooks/diffio", found).href;
    await simulator.endpoints.create({ url, signingSecret });
    return { name, url, example };
  });
}
