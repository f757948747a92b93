/** `createFetchHandler` with no framework at all, on a server for web-standard handlers. */
import { type FetchHandler, createFetchHandler } from "@diffio-webhooks/core/fetch";
import { serve } from "@hono/node-server";
import { PATHS, createFixture } from "./fixture.ts";
import { tellPort } from "./listening.ts";
import { blockUntilReplied } from "./node-block.ts";

const fixture = createFixture(blockUntilReplied);
const handlers = new Map<string, FetchHandler>(
  Object.values(PATHS).map((path) => {
    const handler = createFetchHandler(fixture.optionsFor(path));
    fixture.watch(handler.receiver);
    return [path, handler];
  }),
);

async function fetch(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/ledger") return Response.json(await fixture.ledgerWhenIdle());
  if (pathname === "/ledger/now") return Response.json(fixture.ledger);
  if (pathname === PATHS.parsed) await request.json().catch(() => {});
  const handler = handlers.get(pathname);
  return handler ? handler(request) : new Response(null, { status: 404 });
}

serve({ fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => tellPort(port));
