import { diffioWebhooks } from "@diffio-webhooks/hono";
import { DiffioInbox, cloudflareInbox } from "@diffio-webhooks/inbox-cloudflare";
import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";

// The Durable Object that keeps the messages.
export { DiffioInbox };

const inbox = cloudflareInbox();

// The signing secret is taken from c.env.DIFFIO_WEBHOOK_SECRET.
const webhooks = diffioWebhooks({
  inbox,
  on: {
    "generation.completed": async ({ generationId, modelKey }) => {
      await sleep(500); // In place of your own work. The sender already has its 200.
      console.log(`completed ${generationId} (${modelKey})`);
    },
    "generation.failed": ({ generationId, error }) => {
      console.log(`failed ${generationId}: ${error}`);
    },
  },
});

interface Env {
  Bindings: { ADMIN_TOKEN: string };
}

const app = new Hono<Env>();

app.post("/webhooks/diffio", webhooks);

app.post("/generations", async (c) => {
  const { name } = await c.req.json<{ name: string }>();
  return c.json({ name }, 201);
});

// For whoever looks after it: what waits, what has failed for good, and another try.
app.use("/admin/*", (c, next) => bearerAuth<Env>({ token: c.env.ADMIN_TOKEN })(c, next));
app.get("/admin/inbox", async (c) => {
  const letters = await inbox.deadLetters.list({ limit: 20 });
  return c.json({
    counts: await inbox.counts(),
    deadLetters: letters.map(({ id, messageId, eventType, runs, error }) => ({
      id,
      messageId,
      eventType,
      runs,
      error,
    })),
  });
});
app.post("/admin/dead-letters/:id/replay", async (c) => {
  await inbox.deadLetters.replay(c.req.param("id"));
  return c.body(null, 204);
});

export default { fetch: app.fetch, queue: webhooks.receiver.queue };

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
