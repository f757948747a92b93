/** The Hono app that all runtimes serve. */
import { diffioWebhooks } from "@diffio-webhooks/hono";
import { Hono } from "hono";
import { type Fixture, PATHS } from "./fixture.ts";

/** Makes the app. */
export function createHonoApp(fixture: Fixture): Hono {
  const app = new Hono();
  app.use(PATHS.parsed, async (c, next) => {
    await c.req.raw.json().catch(() => {});
    await next();
  });
  app.use(PATHS.kept, async (c, next) => {
    await c.req.arrayBuffer();
    await next();
  });
  for (const path of Object.values(PATHS)) {
    const webhooks = diffioWebhooks(fixture.optionsFor(path));
    fixture.watch(webhooks.receiver);
    app.all(path, webhooks);
  }
  app.get("/ledger", async (c) => c.json(await fixture.ledgerWhenIdle()));
  app.get("/ledger/now", (c) => c.json(fixture.ledger));
  return app;
}
