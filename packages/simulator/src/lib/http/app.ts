import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { SimulatorError } from "../errors.ts";
import type { Simulator } from "../simulator.ts";
import { createPortal } from "../../portal/portal.ts";
import type { Arrival } from "../test-urls.ts";
import { createApi } from "./api.ts";
import { createGuard } from "./guard.ts";
import { createTestUrlRoute } from "./test-url-route.ts";
import { createWire } from "./wire.ts";

/** What all routes of the simulator are made of. */
export interface AppOptions {
  readonly simulator: Simulator;
  /** Where it was told to listen. */
  readonly host: string;
  /** Takes what arrives at a test URL; false for an unknown token. */
  receive(this: void, token: string, arrival: Arrival): boolean;
  /** Ends event streams when the simulator closes. */
  readonly signal: AbortSignal;
}

/** The server's environment: Node's request and response. */
export type AppEnv = { Bindings: HttpBindings };

/** Makes the one app that the simulator serves. */
export function createApp({ simulator, host, receive, signal }: AppOptions): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  // Before the guard: what arrives there may come through a tunnel, by any name, and is only stored.
  app.route("/in", createTestUrlRoute(receive));

  app.use(createGuard(host));
  app.use(
    secureHeaders({
      strictTransportSecurity: false,
      // Without any, browsers would send the portal's own forms with an Origin of null.
      referrerPolicy: "same-origin",
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    }),
  );
  app.route("/", createWire(simulator));
  app.route("/api", createApi(simulator, signal));
  app.route("/", createPortal(simulator));

  app.notFound((c) =>
    c.json(
      { error: "not_found", message: `There is no ${c.req.method} ${c.req.path}.`, hint: "See the README." },
      404,
    ),
  );
  app.onError((error, c) => {
    console.error(
      new SimulatorError("failed", `The simulator failed at ${c.req.path}.`, "Please report it.", error),
    );
    return c.json({ error: "failed", message: "The simulator failed.", hint: "Its console says why." }, 500);
  });
  return app;
}
