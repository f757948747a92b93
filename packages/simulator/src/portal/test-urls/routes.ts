import { Hono } from "hono";
import type { AppEnv } from "../../lib/http/app.ts";
import { type Portal, type PortalContext, toNotice } from "../context.ts";
import { readForm } from "../forms.ts";
import type { Notice } from "../notices.ts";
import { listPage } from "./list-page.ts";
import { testUrlPage } from "./test-url-page.ts";

/** The pages of test URLs. */
export function createTestUrlPages({ simulator, show, goTo }: Portal): Hono<AppEnv> {
  const { testUrls, endpoints, clock } = simulator;
  const app = new Hono<AppEnv>();

  app.get("/", (c) => showList(c));
  app.post("/", async (c) => {
    const form = await readForm(c);
    const signingSecret = form.optional("signingSecret");
    try {
      const { id, url } = await testUrls.create({ signingSecret });
      if (form.text("withEndpoint") === "yes") await endpoints.create({ url, signingSecret });
      return goTo(c, `/test-urls/${id}`);
    } catch (error) {
      return showList(c, signingSecret, toNotice(error));
    }
  });

  app.get("/:id", async (c) => {
    const testUrl = await testUrls.get(c.req.param("id"));
    const deliveries = await testUrls.deliveries(testUrl.id);
    return show(c, testUrlPage(testUrl, deliveries, await endpoints.list(), clock.now()));
  });
  app.post("/:id/remove", async (c) => {
    await testUrls.remove(c.req.param("id"));
    return goTo(c, "/test-urls", { tone: "good", title: "The test URL is removed" });
  });
  return app;

  async function showList(c: PortalContext, signingSecret?: string, refusal?: Notice): Promise<Response> {
    const listed = await Promise.all(
      (await testUrls.list()).map(async (testUrl) => {
        return { testUrl, count: (await testUrls.deliveries(testUrl.id)).length };
      }),
    );
    const view = {
      now: clock.now(),
      ...(signingSecret !== undefined && { signingSecret }),
      ...(refusal && { refusal }),
    };
    return show(c, listPage(listed, view), refusal ? 400 : 200);
  }
}
