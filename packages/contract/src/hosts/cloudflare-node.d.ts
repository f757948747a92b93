/** The parts of Cloudflare's modules that are used here: its own types do not stand beside Node's. */
declare module "cloudflare:node" {
  export function httpServerHandler(options: { port: number }): object;
}

declare module "cloudflare:workers" {
  export function waitUntil(promise: Promise<unknown>): void;
}
