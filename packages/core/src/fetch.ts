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

/** What a callback and a `signingSecret` function find of the platform. */
export interface FetchPlatform {
  readonly request: Request;
  /** What the platform passes last: a route's context in Next.js, the execution context in a Worker. */
  readonly ctx: object | undefined;
  /** The environment, in a Worker whose `fetch` this is. */
  readonly env: object | undefined;
}

/** Options of {@link createFetchHandler}. */
export type FetchHandlerOptions<Catalog extends AnyCatalog = DiffioCatalog> = ReceiverOptions<
  FetchPlatform,
  Catalog
>;

/**
 * Answers one request. It fits a route of Next.js, `Deno.serve`, `Bun.serve` and the `fetch` of a Worker as it is; where
 * one of the arguments has a `waitUntil`, that receives the runs.
 */
export interface FetchHandler {
  (request: Request, context?: object, executionContext?: object): Promise<Response>;
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
  async function handleFetch(
    request: Request,
    context?: object,
    executionContext?: object,
  ): Promise<Response> {
    const { method, headers } = request;
    const [ctx, env] = executionContext ? [executionContext, context] : [context, undefined];
    const reply = await receiver.receive(
      { method, headers, body: request, waitUntil: waitUntilOf(ctx) },
      { request, ctx, env },
    );
    return toResponse(reply);
  }
  return Object.assign(handleFetch, { receiver });
}

/** A platform's way to be kept alive, if it has one. */
export function waitUntilOf(
  context: FetchContext | undefined,
): ((runs: Promise<unknown>) => void) | undefined {
  return typeof context?.waitUntil === "function" ? (runs) => context.waitUntil?.(runs) : undefined;
}

/** The reply as the web's `Response`. */
export function toResponse({ status, headers, body }: Reply): Response {
  return new Response(body, { status, headers });
}
