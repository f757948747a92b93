/**
 * A durable inbox for Diffio webhooks on Cloudflare Workers: Queues for the runs, a Durable Object for the messages.
 *
 * @module
 */
// The types of Cloudflare's modules within this workspace; not part of what is published.
// eslint-disable-next-line typescript/triple-slash-reference
/// <reference path="./lib/cloudflare-workers.d.ts" />
export { cloudflareInbox } from "./lib/cloudflare-inbox.ts";
export type { CloudflareInboxOptions } from "./lib/cloudflare-inbox.ts";
export { DiffioInbox } from "./lib/diffio-inbox.ts";
