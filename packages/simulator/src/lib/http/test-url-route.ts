import { Hono } from "hono";
import { TEST_URL_SERVER } from "../advice.ts";
import type { Arrival } from "../test-urls.ts";
import type { AppEnv } from "./app.ts";

/** More is dropped: no delivery has so much. */
const MAX_BYTES = 4 * 1024 * 1024;

/** The route of all test URLs: stores what arrives, by any method, and answers 200 whatever it is. */
export function createTestUrlRoute(receive: (token: string, arrival: Arrival) => boolean): Hono<AppEnv> {
  return new Hono<AppEnv>().all("/:token", async (c) => {
    const { incoming } = c.env;
    const chunks: Buffer[] = [];
    let length = 0;
    let isIncomplete = false;
    try {
      for await (const chunk of incoming as AsyncIterable<Buffer>) {
        if (length < MAX_BYTES) chunks.push(chunk);
        length += chunk.length;
      }
    } catch {
      // The sender has gone in the middle of it; what came is worth a look.
      isIncomplete = true;
    }
    const { rawHeaders } = incoming;
    const headers: (readonly [string, string])[] = [];
    for (let at = 0; at < rawHeaders.length; at += 2) {
      headers.push([rawHeaders[at] ?? "", rawHeaders[at + 1] ?? ""]);
    }
    const body = Buffer.concat(chunks);
    const isKnown = receive(c.req.param("token"), { method: c.req.method, headers, body, isIncomplete });
    c.header("server", TEST_URL_SERVER);
    return isKnown ? c.json({ received: true }) : c.json({ error: "not_found" }, 404);
  });
}
