import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A server that takes deliveries. */
export interface Listening {
  readonly port: number;
}

/** What every server answers, in the same bytes as ours. */
export const REPLY = '{"received":true}';
export const REPLY_HEADERS = { "content-type": "application/json" };

/** The callback that every server hands its events to. It does nothing, but nobody can know. */
export const handled: { last: unknown } = { last: undefined };
export function onEvent(event: unknown): void {
  handled.last = event;
}

/** Waits until a server listens. */
export async function portOf(server: Server): Promise<Listening> {
  // Connections wait while the other contestants have their turn.
  server.keepAliveTimeout = 600_000;
  if (!server.listening) await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port };
}
