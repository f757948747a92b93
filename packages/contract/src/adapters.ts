import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleForWorkerd, startWorkerd } from "@diffio-webhooks/test-support/workerd";
import { startChild } from "./child-server.ts";

/** One adapter on one runtime, as a real server. */
export interface Adapter {
  readonly name: string;
  start(): Promise<RunningAdapter>;
  /** Whether Node's HTTP server is underneath, with its own timeout for a stalled client. */
  readonly onNode: boolean;
  /** Whether an earlier middleware can take the body away (Fastify's plugin owns its route instead). */
  readonly sharesBody: boolean;
}

/** A server under test. */
export interface RunningAdapter {
  readonly url: string;
  /** What it has written to stderr so far. */
  stderr(): string;
  close(): Promise<void>;
}

const SERVERS = join(dirname(fileURLToPath(import.meta.url)), "servers");

/** Every adapter on every runtime that it is for. */
export const ADAPTERS = {
  express4: childAdapter("Express 4", "express4.ts", { onNode: true }),
  express5: childAdapter("Express 5", "express5.ts", { onNode: true }),
  fastify5: childAdapter("Fastify 5", "fastify5.ts", { onNode: true, sharesBody: false }),
  honoNode: childAdapter("Hono on Node", "hono-node.ts", { onNode: true }),
  honoBun: childAdapter("Hono on Bun", "hono-bun.ts", { runtime: () => [binary("bun")] }),
  honoDeno: childAdapter("Hono on Deno", "hono-deno.ts", {
    runtime: () => [binary("deno"), "run", "--allow-all", "--no-prompt"],
  }),
  honoWorkerd: {
    name: "Hono in workerd",
    start: startHonoInWorkerd,
    onNode: false,
    sharesBody: true,
  },
  fetchNode: childAdapter("createFetchHandler on Node", "fetch-node.ts", { onNode: true }),
} satisfies Record<string, Adapter>;

interface ChildOptions {
  onNode?: boolean;
  sharesBody?: boolean;
  runtime?: () => readonly string[];
}

function childAdapter(
  name: string,
  file: string,
  { onNode = false, sharesBody = true, runtime = () => [process.execPath] }: ChildOptions,
): Adapter {
  return { name, onNode, sharesBody, start: () => startChild([...runtime(), join(SERVERS, file)]) };
}

async function startHonoInWorkerd(): Promise<RunningAdapter> {
  return startWorkerd(await bundleForWorkerd(join(SERVERS, "hono-workerd.ts")));
}

/** A runtime that comes as an npm package. */
function binary(name: string): string {
  return join(SERVERS, "../../node_modules/.bin", name);
}
