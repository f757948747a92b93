/** A service as a Worker, with the queue and the Durable Object of cloudflareInbox. Its ledger goes to the log. */
import { env } from "cloudflare:workers";
import type { Receiver } from "@diffio-webhooks/core";
import { type CloudflareInboxOptions, DiffioInbox, cloudflareInbox } from "@diffio-webhooks/inbox-cloudflare";
import { type ServiceConfig, createService } from "./service.ts";

/** How a service in workerd is made. */
export interface WorkerdServiceConfig extends ServiceConfig {
  readonly inboxOptions: CloudflareInboxOptions;
}

const { inboxOptions, ...config } = JSON.parse((env as { CONFIG: string }).CONFIG) as WorkerdServiceConfig;
const { fetch, receivers } = createService(config, {
  inbox: cloudflareInbox(inboxOptions),
  pid: 0,
  ledger: (entry) => console.log(JSON.stringify(entry)),
});
const [receiver] = receivers.values();

export { DiffioInbox };

// One consumer for all receivers that share the inbox.
const worker: { fetch: typeof fetch; queue: Receiver["queue"] | undefined } = {
  fetch,
  queue: receiver?.queue,
};
export default worker;
