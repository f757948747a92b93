import { Hono } from "hono";
import type { AppEnv } from "../../lib/http/app.ts";
import type { DestinationState } from "../../lib/types.ts";
import { type Portal, toNotice } from "../context.ts";
import { readForm } from "../forms.ts";
import { plural } from "../parts/format.ts";
import { toCurl } from "./curl.ts";
import { listPage } from "./list-page.ts";
import { messagePage } from "./message-page.ts";

const PAGE_SIZE = 50;

/** The pages of messages. */
export function createMessagePages({ simulator, show, goTo }: Portal): Hono<AppEnv> {
  const { messages, endpoints, clock } = simulator;
  const app = new Hono<AppEnv>();

  app.get("/", async (c) => {
    const given = (name: string): string | undefined => c.req.query(name) || undefined;
    const filter = {
      state: given("state") as DestinationState | undefined,
      eventType: given("eventType"),
      endpointId: given("endpointId"),
      before: given("before"),
    };
    // One more, to know whether there are any.
    const found = await messages.list({ ...filter, limit: PAGE_SIZE + 1 });
    const view = { filter, hasMore: found.length > PAGE_SIZE, now: clock.now() };
    return show(c, listPage(found.slice(0, PAGE_SIZE), await endpoints.list(), view));
  });

  app.get("/:id", async (c) => {
    const message = await messages.get(c.req.param("id"));
    return show(c, messagePage(message, await endpoints.list(), clock.now()));
  });

  app.get("/:id/curl", async (c) => {
    const message = await messages.get(c.req.param("id"));
    return c.text(toCurl(message, await endpoints.get(c.req.query("endpointId") ?? "")), 200, {
      "cache-control": "no-store",
    });
  });

  app.post("/:id/resend", async (c) => {
    const { id } = await messages.get(c.req.param("id"));
    const form = await readForm(c);
    try {
      const attempts = await simulator.resend(id, { endpointId: form.optional("endpointId") });
      const failed = attempts.filter(({ succeeded }) => !succeeded).length;
      return goTo(
        c,
        `/messages/${id}`,
        failed === 0
          ? { tone: "good", title: "Resent: it passed" }
          : {
              tone: "bad",
              title: `Resent: ${plural(failed, "attempt")} failed`,
              text: "Below is why. It is not tried again by itself.",
            },
      );
    } catch (error) {
      return goTo(c, `/messages/${id}`, toNotice(error));
    }
  });
  return app;
}
