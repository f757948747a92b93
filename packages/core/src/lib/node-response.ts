/** What is needed of a Node response (a `ServerResponse`), without Node's types. */
export interface NodeResponse {
  readonly closed: boolean;
  on(event: "close", listener: () => void): unknown;
}

/**
 * Resolves when a Node response has been sent, or its client is gone: the `replied` of a delivery for servers
 * that stand on Node's.
 */
export function untilClosed(response: NodeResponse): Promise<void> {
  // "close" and not "finish", since it comes in any case; and it may have come already, behind a slow middleware.
  return new Promise((resolve) => {
    if (response.closed) resolve();
    else response.on("close", resolve);
  });
}
