import { WebhookError } from "@diffio-webhooks/core";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { AppEnv } from "../lib/http/app.ts";
import { SimulatorError } from "../lib/errors.ts";
import type { Simulator } from "../lib/simulator.ts";
import { type Notice, type Notices, createNotices } from "./notices.ts";
import { type Page, layout } from "./parts/layout.ts";

/** The request that a page answers. */
export type PortalContext = Context<AppEnv>;

/** What all pages are made with. */
export interface Portal {
  readonly simulator: Simulator;
  readonly notices: Notices;
  /** Answers with a page; with a status other than 200 it stays as it is, whatever happens meanwhile. */
  show(c: PortalContext, page: Page, status?: ContentfulStatusCode): Response;
  /** Answers a form: the browser goes on to a page, which shows the notice. */
  goTo(c: PortalContext, path: string, notice?: Notice): Response;
}

/** Makes what pages are made with. */
export function createPortalTools(simulator: Simulator): Portal {
  const notices = createNotices();
  return {
    simulator,
    notices,
    show(c, page, status = 200) {
      const html = layout(page, {
        clock: simulator.clock.option,
        now: simulator.clock.now(),
        notice: notices.get(c.req.query("notice")),
        isLive: status === 200,
      });
      // It may show what was asked for once, such as a secret.
      return c.html(html, status, { "cache-control": "no-store" });
    },
    goTo: (c, path, notice) =>
      c.redirect(notice === undefined ? path : notices.withNotice(path, notice), 303),
  };
}

/** What a person can be told of an error; errors that are nobody's mistake are thrown on. */
export function toNotice(error: unknown): Notice {
  if (error instanceof SimulatorError || error instanceof WebhookError) {
    return { tone: "bad", title: error.message, ...(error.hint !== undefined && { text: error.hint }) };
  }
  throw error;
}
