import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { AppEnv } from "../lib/http/app.ts";
import { SimulatorError } from "../lib/errors.ts";
import type { Simulator } from "../lib/simulator.ts";
import { createAssets } from "./assets.ts";
import { createClockPage } from "./clock.ts";
import { createPortalTools } from "./context.ts";
import { createEndpointPages } from "./endpoints/routes.ts";
import { createMessagePages } from "./messages/routes.ts";
import { errorPage } from "./error-page.ts";
import { createOverview } from "./overview.ts";
import { createSendPage } from "./send.ts";
import { createTestUrlPages } from "./test-urls/routes.ts";

const MAX_FORM_BYTES = 1024 * 1024;
const FORM_TYPE = "application/x-www-form-urlencoded";
const PATHS_OF_FORMS = ["/endpoints/*", "/messages/*", "/send/*", "/test-urls/*", "/clock/*"] as const;

/**
 * The portal: the simulator's pages, for people. Whole pages and forms that work by themselves; its one script only
 * keeps them up to date and copies.
 */
export function createPortal(simulator: Simulator): Hono<AppEnv> {
  const portal = createPortalTools(simulator);
  const app = new Hono<AppEnv>();
  app.route("/assets", createAssets());

  for (const path of PATHS_OF_FORMS) {
    app.use(path, async (c, next) => {
      // The guard lets requests pass that name no origin, for scripts. Forms come from browsers, which name theirs.
      const named = c.req.header("origin") ?? c.req.header("sec-fetch-site");
      const isForm = c.req.header("content-type")?.split(";")[0] === FORM_TYPE;
      if (c.req.method === "POST" && (named === undefined || !isForm))
        return portal.show(
          c,
          errorPage("Not sent", "Forms are taken from the portal's own pages. Scripts use the control API."),
          403,
        );
      return next();
    });
    app.use(
      path,
      bodyLimit({
        maxSize: MAX_FORM_BYTES,
        onError: (c) => portal.show(c, errorPage("Too large", "A form may have 1 MiB at most."), 413),
      }),
    );
  }
  app.onError((error, c) => {
    if (!(error instanceof SimulatorError) || error.status >= 500) throw error;
    return portal.show(c, errorPage(error.message, error.hint), error.status);
  });

  app.route("/", createOverview(portal));
  app.route("/endpoints", createEndpointPages(portal));
  app.route("/messages", createMessagePages(portal));
  app.route("/send", createSendPage(portal));
  app.route("/test-urls", createTestUrlPages(portal));
  app.route("/clock", createClockPage(portal));
  app.get("*", async (c, next) => {
    // What is no page answers for itself.
    if (!c.req.header("accept")?.includes("text/html")) return next();
    return portal.show(c, errorPage("There is no such page", "It may have been removed."), 404);
  });
  return app;
}
