import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleForWorkerd, startWorkerd } from "@diffio-webhooks/test-support/workerd";
import { startChild } from "./child-server.ts";

/** One adapter on one runtime, as a real server. */
export interface Adapter {
  readonly name: string;
  start(): Promise<RunningAdapter>;
  /** Whether the runtime ends a connection that it is asked to end while its client goes on sending. */
  readonly endsConnections: boolean;
  /** Whether an earlier middleware can take the body away (Fastify's plugin owns its route instead). */
  readonly sharesBody: boolean;
}

/** A server under test. */
export interface RunningAdapter {
  readonly url: string;
  /** Of the process that serves, where it is one of its own. */
  readonly pid?: number;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  close(): Promise<void>;
}

const SERVERS = join(dirname(fileURLToPath(import.meta.url)), "servers");

/** Every adapter on every runtime that it is for. */
export const ADAPTERS = {
  express4: childAdapter("Express 4", "express4.ts"),
  express5: childAdapter("Express 5", "express5.ts"),
  fastify5: childAdapter("Fastify 5", "fastify5.ts", { sharesBody: false }),
  honoNode: childAdapter("Hono on Node", "hono-node.ts"),
  honoBun: childAdapter("Hono on Bun", "hono-bun.ts", { runtime: () => [binary("bun")] }),
  honoDeno: childAdapter("Hono on Deno", "hono-deno.ts", {
    runtime: () => [binary("deno"), "run", "--allow-all", "--no-prompt"],
    // Deno.serve keeps it, whatever the reply's connection header says.
    endsConnections: false,
  }),
  honoWorkerd: {
    name: "Hono in workerd",
    start: startHonoInWorkerd,
    endsConnections: true,
    sharesBody: true,
  },
  fetchNode: childAdapter("createFetchHandler on Node", "fetch-node.ts"),
} satisfies Record<string, Adapter>;

interface ChildOptions {
  endsConnections?: boolean;
  sharesBody?: boolean;
  runtime?: () => readonly string[];
}

function childAdapter(
  name: string,
  file: string,
  { endsConnections = true, sharesBody = true, runtime = () => [process.execPath] }: ChildOptions = {},
): Adapter {
  return { name, endsConnections, sharesBody, start: () => startChild([...runtime(), join(SERVERS, file)]) };
}

async function startHonoInWorkerd(): Promise<RunningAdapter> {
  return startWorkerd(await bundleForWorkerd(join(SERVERS, "hono-workerd.ts")));
}

/** A runtime that comes as an npm package. */
function binary(name: string): string {
  return join(SERVERS, "../../node_modules/.bin", name);
}
