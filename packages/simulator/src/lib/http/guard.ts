import { isIP } from "node:net";
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./app.ts";

/** What this machine is called by itself. */
const LOOPBACK: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];
const SAFE_METHODS: readonly string[] = ["GET", "HEAD", "OPTIONS"];

/** Whether a server that listens there is reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.includes(host) || host === "::1";
}

/**
 * Lets through only what is meant for this server, by name: a page of another site cannot reach it by a name of its own
 * that it lets resolve to this machine (DNS rebinding), nor send a form or a request here (CSRF).
 *
 * @param host where it was told to listen
 */
export function createGuard(host: string): MiddlewareHandler<AppEnv> {
  const isLocal = isLoopback(host);
  return async function guard(c, next) {
    const given = c.req.header("host") ?? "";
    const { localPort } = c.env.incoming.socket;
    const [, name = "", port = "80"] = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(given.toLowerCase()) ?? [];
    // Told to listen elsewhere, it is reached by address, or by the name that it was given; rebinding needs another name.
    const isKnown =
      LOOPBACK.includes(name) || (!isLocal && (name === host || isIP(name.replace(/^\[|\]$/g, "")) !== 0));
    if (!isKnown || Number(port) !== localPort) {
      const message = `This server is not ${given}. Open it at localhost or 127.0.0.1, with its port.`;
      return c.json({ error: "forbidden", message }, 403);
    }
    if (
      !SAFE_METHODS.includes(c.req.method) &&
      !isSameOrigin(c.req.header("origin"), c.req.header("sec-fetch-site"))
    ) {
      return c.json({ error: "forbidden", message: "Requests from pages of other sites are refused." }, 403);
    }
    await next();
    return undefined;

    function isSameOrigin(origin: string | undefined, site: string | undefined): boolean {
      if (origin !== undefined) return origin.toLowerCase() === `http://${given.toLowerCase()}`;
      // No browser, or one that says that the request is its own page's.
      return site === undefined || site === "same-origin" || site === "none";
    }
  };
}
