import { type Context, Hono } from "hono";
import type { AppEnv } from "../../lib/http/app.ts";
import { type Portal, toNotice } from "../context.ts";
import { readDate, readForm } from "../forms.ts";
import { attemptsPage } from "./attempts-page.ts";
import { newPage, toOptions, valuesFrom, valuesOf } from "./form.ts";
import { listPage } from "./list-page.ts";
import { optionsPage } from "./options-page.ts";
import { createRecoveryJobs } from "./recoveries.ts";
import { testingPage } from "./testing-page.ts";

/** Messages whose attempts are listed. */
const LISTED = 100;
const LAST_MESSAGES = 10;

/** The pages of endpoints. */
export function createEndpointPages({ simulator, show, goTo }: Portal): Hono<AppEnv> {
  const { endpoints, messages, apiKeys, clock } = simulator;
  const jobs = createRecoveryJobs(simulator);
  const app = new Hono<AppEnv>();

  app.get("/", async (c) => {
    const listed = await Promise.all(
      (await endpoints.list()).map(async (endpoint) => {
        const last = await messages.list({ endpointId: endpoint.id, limit: LAST_MESSAGES });
        const attempts = last
          .flatMap((message) => message.attempts)
          .filter(({ endpointId }) => endpointId === endpoint.id)
          .toSorted((left, right) => left.at.getTime() - right.at.getTime());
        return { endpoint, attempts: attempts.slice(-LAST_MESSAGES) };
      }),
    );
    return show(c, listPage(listed, clock.now()));
  });

  app.get("/new", async (c) => {
    const values = { eventTypes: [], modes: ["test", "live"], headers: "", signingSecret: "", apiKeyId: "" };
    return show(c, newPage(await apiKeys.list(), { url: c.req.query("url") ?? "", ...values }));
  });
  app.post("/", async (c) => {
    const values = valuesOf(await readForm(c));
    try {
      const { id } = await endpoints.create({
        ...toOptions(values),
        signingSecret: values.signingSecret || undefined,
        apiKeyId: values.apiKeyId || undefined,
      });
      return goTo(c, `/endpoints/${id}?reveal=secret`, {
        tone: "good",
        title: "The endpoint is there",
        text: "Give your app its signing secret as `DIFFIO_WEBHOOK_SECRET`, start the app, and send a test event.",
      });
    } catch (error) {
      return show(c, newPage(await apiKeys.list(), values, toNotice(error)), 400);
    }
  });

  app.get("/:id", async (c) => {
    const endpoint = await endpoints.get(c.req.param("id"));
    const listed = await messages.list({ endpointId: endpoint.id, limit: LISTED });
    const isSecretShown = c.req.query("reveal") === "secret";
    return show(c, attemptsPage(endpoint, listed, { now: clock.now(), isSecretShown }));
  });
  app.get("/:id/testing", async (c) =>
    show(c, testingPage(await endpoints.get(c.req.param("id")), await apiKeys.list())),
  );
  app.get("/:id/options", async (c) => {
    const endpoint = await endpoints.get(c.req.param("id"));
    const job = jobs.get(endpoint.id);
    return show(c, optionsPage(endpoint, { values: valuesFrom(endpoint), job, now: clock.now() }));
  });

  app.post("/:id/options", async (c) => {
    const endpoint = await endpoints.get(c.req.param("id"));
    const values = valuesOf(await readForm(c));
    try {
      await endpoints.update(endpoint.id, toOptions(values, endpoint.headers));
      return goTo(c, `/endpoints/${endpoint.id}/options`, { tone: "good", title: "Saved" });
    } catch (error) {
      const view = { values, job: jobs.get(endpoint.id), now: clock.now(), refusal: toNotice(error) };
      return show(c, optionsPage(endpoint, view), 400);
    }
  });
  app.post("/:id/enable", async (c) => {
    const { id } = await endpoints.enable(c.req.param("id"));
    return goTo(c, `/endpoints/${id}/options#recover`, {
      tone: "good",
      title: "Enabled",
      text: "It gets new messages. What it missed comes with recover and replay, below.",
    });
  });
  app.post("/:id/disable", async (c) => {
    const { id } = await endpoints.disable(c.req.param("id"));
    return goTo(c, `/endpoints/${id}`, { tone: "good", title: "Disabled" });
  });
  app.post("/:id/remove", async (c) => {
    await endpoints.remove(c.req.param("id"));
    return goTo(c, "/endpoints", { tone: "good", title: "The endpoint is removed" });
  });
  app.post("/:id/rotate-secret", async (c) => {
    const id = c.req.param("id");
    const form = await readForm(c);
    try {
      const graceInSeconds = Number(form.text("graceInSeconds"));
      await endpoints.rotateSecret(id, { graceInSeconds, signingSecret: form.optional("newSecret") });
      return goTo(c, `/endpoints/${id}?reveal=secret#secret`, {
        tone: "good",
        title: "This is the new signing secret",
        text:
          graceInSeconds > 0 ? "The old one signs beside it until it ends." : "The old one signs no more.",
      });
    } catch (error) {
      return goTo(c, `/endpoints/${id}/options#rotate`, toNotice(error));
    }
  });
  app.post("/:id/recover", (c) => startRecovery(c, "recover"));
  app.post("/:id/replay-missing", (c) => startRecovery(c, "replayMissing"));
  return app;

  async function startRecovery(
    c: Context<AppEnv, "/:id/recover">,
    operation: "recover" | "replayMissing",
  ): Promise<Response> {
    const id = c.req.param("id");
    const form = await readForm(c);
    const until = form.optional("until");
    try {
      await jobs.start(id, operation, {
        since: readDate(form.text("since")),
        ...(until !== undefined && { until: readDate(until) }),
      });
      return goTo(c, `/endpoints/${id}/options#recover`);
    } catch (error) {
      return goTo(c, `/endpoints/${id}/options#recover`, toNotice(error));
    }
  }
}
