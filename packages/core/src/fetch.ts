/**
 * A handler for any server built on the web's `Request` and `Response`: Bun, Deno, Workers, Next.js and others.
 *
 * @module
 */
import type { AnyCatalog } from "./lib/events/catalog.ts";
import type { DiffioCatalog } from "./lib/events/diffio.ts";
import { type Receiver, type ReceiverOptions, createReceiver } from "./lib/receive/receiver.ts";
import type { Reply } from "./lib/receive/reply.ts";

/** The part of a platform's context that keeps it alive until the callbacks have run. */
export interface FetchContext {
  waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
}

/** The platform, as callbacks and a `signingSecret` function receive it. */
export interface FetchPlatform {
  readonly request: Request;
  readonly ctx: FetchContext | undefined;
}

/** Options of {@link createFetchHandler}. */
export type FetchHandlerOptions<Catalog extends AnyCatalog = DiffioCatalog> = ReceiverOptions<
  FetchPlatform,
  Catalog
>;

/** Answers one request. On platforms with a `waitUntil`, pass their context: its `waitUntil` receives the runs. */
export interface FetchHandler {
  (request: Request, ctx?: FetchContext): Promise<Response>;
  readonly receiver: Receiver<FetchPlatform>;
}

/**
 * Makes a handler from `Request` to `Response`.
 *
 * @throws WebhookError `invalid_secret`, `invalid_option`
 */
export function createFetchHandler<Catalog extends AnyCatalog = DiffioCatalog>(
  options: FetchHandlerOptions<Catalog> = {},
): FetchHandler {
  const receiver = createReceiver<FetchPlatform, Catalog>(options);
  async function handleFetch(request: Request, ctx?: FetchContext): Promise<Response> {
    const { method, headers } = request;
    const reply = await receiver.receive(
      {
        method,
        headers,
        body: request,
        waitUntil: ctx?.waitUntil && ((runs) => ctx.waitUntil?.(runs)),
      },
      { request, ctx },
    );
    return toResponse(reply);
  }
  return Object.assign(handleFetch, { receiver });
}

/** The reply as the web's `Response`. */
export function toResponse({ status, headers, body }: Reply): Response {
  return new Response(body, { status, headers });
}
