import { describe, expect, test } from "vitest";
import { DELIVERIES, payload, signedRequest } from "../deliveries.ts";
import type { HttpRequest } from "../http.ts";
import { PATHS, SECRETS } from "../servers/fixture.ts";
import type { AdapterDriver } from "./driver.ts";

/** Part of a body that no message of ours has by chance. */
const WINDOW = 24;
/** Longer bodies repeat one character, or are none of ours. */
const MAX_BODY = 2000;

/** Nothing that was delivered is written anywhere. Comes last, since it looks at what the tests before it have sent. */
export function describeLeaks({ deliver, ledger, delivered, output }: AdapterDriver): void {
  describe("the server's output", () => {
    test("has no body, signature or secret, with hooks or without", async () => {
      for (const { request: make } of DELIVERIES) {
        const request = make();
        if (request.path === PATHS.plain) await deliver({ ...request, path: PATHS.unhooked });
      }
      for (const generationId of ["throws", "rejects"]) {
        await deliver(signedRequest(payload({ generationId }), { path: PATHS.unhooked }));
      }
      await ledger();
      // The default hooks have written something: what is looked at is really theirs.
      expect(output()).toMatch(/refused a delivery with 400 no_matching_signature/);
      expect(output()).toMatch(/run 3 of msg_\w+ \(generation\.completed\) failed/);
      expect(leaksIn(output(), delivered)).toEqual([]);
    });

    test("tells of nothing that was left unhandled", () => {
      expect(output()).not.toMatch(/unhandled|uncaught/i);
    });
  });
}

/** What an output has of what was delivered. */
function leaksIn(output: string, delivered: readonly HttpRequest[]): string[] {
  const text = output.replaceAll(/\s+/g, " ");
  return [...canariesOf(delivered)].filter((canary) => text.includes(canary));
}

function canariesOf(delivered: readonly HttpRequest[]): Set<string> {
  const canaries = new Set<string>();
  for (const secret of Object.values(SECRETS)) canaries.add(secret.slice("whsec_".length));
  for (const { headers = {}, body } of delivered) {
    for (const [name, value] of Object.entries(headers)) {
      if (!name.endsWith("-signature")) continue;
      for (const [signature] of String(value).matchAll(/[\w+/]{43}/g)) canaries.add(signature);
    }
    if (!body || body.length < WINDOW) continue;
    // As Node, Deno and Bun print bytes.
    const start = [...body.subarray(0, 8)];
    canaries.add(start.join(", "));
    canaries.add(start.map((byte) => byte.toString(16).padStart(2, "0")).join(" "));
    if (body.length > MAX_BODY) continue;
    const text = Buffer.from(body).toString();
    for (let at = 0; at + WINDOW <= text.length; at++) canaries.add(text.slice(at, at + WINDOW));
  }
  return canaries;
}
