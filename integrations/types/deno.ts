import { createFetchHandler } from "@diffio-webhooks/core/fetch";

const handler = createFetchHandler();

export const serve = (): unknown => Deno.serve(handler);
export const whole: Deno.ServeDefaultExport = { fetch: handler };
