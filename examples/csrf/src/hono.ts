import { diffioWebhooks } from "@diffio-webhooks/hono";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { csrf } from "hono/csrf";

const app = new Hono();

// Before csrf(): the sender has no Origin. Its signature is the proof, and no other site can make one.
app.post(
  "/webhooks/diffio",
  diffioWebhooks({
    on: { "generation.completed": ({ generationId }) => console.log(`completed ${generationId}`) },
  }),
);

app.use(csrf());
app.post("/profile", async (c) => {
  const { name } = await c.req.parseBody();
  return c.json({ name });
});

serve({ fetch: app.fetch, port: Number(process.env["PORT"] ?? 3000) }, ({ port }) => {
  console.log(`Listening at http://localhost:${port}`);
});
