import type { HttpRequest } from "../http.ts";
import type { HostOptions } from "./apps.ts";

/** What a host answers. */
export interface HostReply {
  readonly status: number;
  readonly text: string;
}

/** A host that runs an app with one receiver. */
export interface RunningHost {
  deliver(request: HttpRequest): Promise<HostReply>;
  readonly receiver: { idle(): Promise<void>; close(): Promise<void> };
  /** Stops the host; the receiver is closed by the suite. */
  stop?(): Promise<void> | void;
}

/** A way to run an app that is not a plain HTTP server. */
export interface Host {
  readonly name: string;
  start(options: HostOptions): Promise<RunningHost>;
}

/** The headers of a request, each once. */
export function headersOf({ headers = {} }: HttpRequest): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
