import { WebhookError } from "../errors.ts";
import { printable } from "../printable.ts";
import type { HeaderValue } from "../verify/headers.ts";

/** @throws WebhookError `method_not_allowed` */
export function checkMethod(method: string): void {
  if (method === "POST") return;
  throw new WebhookError("method_not_allowed", `The method is ${printable(method)}, not POST.`, {
    hint: "The sender only ever sends POST. This may be a browser or a health check.",
  });
}

/** @throws WebhookError `unsupported_content_encoding` */
export function checkContentEncoding(encoding: HeaderValue): void {
  const value = Array.isArray(encoding) && encoding.length === 1 ? (encoding[0] as unknown) : encoding;
  if (value === undefined || value === null || value === "") return;
  if (typeof value === "string" && value.toLowerCase() === "identity") return;
  throw new WebhookError("unsupported_content_encoding", "The body has a content encoding.", {
    hint: "The sender never compresses, and nothing is decompressed before it is verified: a few kB could expand to GBs.",
  });
}
