import { createFetchHandler } from "@diffio-webhooks/core/fetch";

const handler = createFetchHandler();

export const serve = (): unknown => Bun.serve({ port: 0, fetch: handler });
export const routes = (): unknown =>
  Bun.serve({ port: 0, routes: { "/webhooks/diffio": { POST: (request) => handler(request) } } });
