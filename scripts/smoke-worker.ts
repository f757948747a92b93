// Type-checked in a project that has only the published packages and Cloudflare's own types.
import { diffioWebhooks } from "@diffio-webhooks/hono";
import { DiffioInbox, cloudflareInbox } from "@diffio-webhooks/inbox-cloudflare";
import { Hono } from "hono";

export { DiffioInbox };

declare global {
  // As `wrangler types` writes it.
  // eslint-disable-next-line typescript/no-namespace
  namespace Cloudflare {
    interface Env {
      DIFFIO_QUEUE: Queue;
      DIFFIO_INBOX: DurableObjectNamespace<DiffioInbox>;
      DIFFIO_WEBHOOK_SECRET: string;
      FILES: R2Bucket;
    }
  }
}

const inbox = cloudflareInbox({ queue: "DIFFIO_QUEUE", object: "DIFFIO_INBOX" });
const webhooks = diffioWebhooks({ inbox });
const app = new Hono<{ Bindings: Cloudflare.Env }>();
app.post("/webhooks/diffio", webhooks);

export default {
  fetch: app.fetch,
  queue: webhooks.receiver.queue,
} satisfies ExportedHandler<Cloudflare.Env>;

// @ts-expect-error This binding is no queue.
cloudflareInbox({ queue: "FILES" });
// @ts-expect-error This one is no Durable Object.
cloudflareInbox({ object: "DIFFIO_QUEUE" });
// @ts-expect-error There is none of this name.
cloudflareInbox({ queue: "DIFFIO_QUEU" });
