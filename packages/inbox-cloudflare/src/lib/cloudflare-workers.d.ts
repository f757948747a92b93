/**
 * The part of Cloudflare's own types that is used here. Users bring the whole of them, by `wrangler types` or by
 * `@cloudflare/workers-types`; neither of the two stands beside the types of Node that the tests need.
 */
declare namespace Cloudflare {
  /** A Worker's bindings: `wrangler types` fills it. */
  interface Env {}
}

declare module "cloudflare:workers" {
  export const env: Cloudflare.Env;
  export abstract class DurableObject<Env = Cloudflare.Env> {
    protected readonly ctx: { readonly storage: unknown };
    protected readonly env: Env;
    constructor(ctx: unknown, env: Env);
  }
}
