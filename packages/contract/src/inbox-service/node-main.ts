/** A service in a process of its own, which can be killed: `node node-main.ts '<NodeServiceConfig as JSON>'`. */
import { appendFileSync } from "node:fs";
import type { Inbox } from "@diffio-webhooks/core";
import { serve } from "@hono/node-server";
import { tellPort } from "../servers/listening.ts";
import { NODE_INBOXES } from "./node-inboxes.ts";
import { type ServiceConfig, createService } from "./service.ts";

/** How a service on Node is made. */
export interface NodeServiceConfig extends ServiceConfig {
  readonly inbox: keyof typeof NODE_INBOXES;
  readonly inboxOptions: object;
  /** The file that the ledger is appended to, a line of JSON an entry. */
  readonly ledgerFile: string;
}

const config = JSON.parse(process.argv[2] ?? "{}") as NodeServiceConfig;
const make = NODE_INBOXES[config.inbox] as (options: object) => Inbox | Promise<Inbox>;
const inbox = await make(config.inboxOptions);
const { fetch } = createService(config, {
  inbox,
  pid: process.pid,
  die: () => process.kill(process.pid, "SIGKILL"),
  // Synchronous: what a callback did must not be forgotten by a kill.
  ledger: (entry) => appendFileSync(config.ledgerFile, `${JSON.stringify(entry)}\n`),
});
// Whoever started it has ended without a word: a campaign that was interrupted, for instance.
process.stdin.resume().on("end", () => process.exit());
serve({ fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => tellPort(port));
