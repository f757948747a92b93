import { createFetchHandler } from "@diffio-webhooks/core/fetch";

const handler = createFetchHandler();

export const whole: ExportedHandler<{ DIFFIO_WEBHOOK_SECRET: string }> = { fetch: handler };
export const routed: ExportedHandler = {
  fetch: (request, _env, ctx) =>
    new URL(request.url).pathname === "/webhooks/diffio"
      ? handler(request, ctx)
      : new Response(null, { status: 404 }),
};
