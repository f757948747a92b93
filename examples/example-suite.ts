import { PATH, type SignedDelivery, signed } from "@diffio-webhooks/test-support/deliveries";
import { FORGERS_SECRET, SECRET } from "@diffio-webhooks/test-support/signing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningExample, startExample } from "./start-example.ts";

/** The environment that every example runs in. */
export const ENV = { PORT: "0", DIFFIO_WEBHOOK_SECRET: SECRET };

/** The sender's side: one completed generation, signed by svix. */
export function completed(messageId: string, generationId: string, secret = SECRET): SignedDelivery {
  // Spaced as JSON.stringify would not: only the raw bytes verify.
  const body = `{ "eventType": "generation.completed", "eventId": "evt_1", "createdAt": "2026-01-28T12:34:56Z",
    "apiKeyId": "key_1", "generationId": "${generationId}", "status": "complete", "modelKey": "diffio-2" }`;
  return signed(body, { messageId, secret });
}

/** The same, signed by somebody who does not have the secret. */
export function forged(messageId: string, generationId: string): SignedDelivery {
  return completed(messageId, generationId, FORGERS_SECRET);
}

/** An example while its tests run. */
export interface ExampleUnderTest {
  readonly example: RunningExample;
  deliver(delivery: SignedDelivery): Promise<Response>;
}

/**
 * The tests of an app with a webhook and a route of its own.
 *
 * @param start starts it
 * @param origin matches in its output where it listens
 * @param more tests that come after, on the same running app
 */
export function describeExample(
  start: () => RunningExample,
  origin: RegExp,
  more: (underTest: () => ExampleUnderTest) => void = () => {},
): void {
  describe("the app", () => {
    let example: RunningExample;
    let url: URL;

    beforeAll(async () => {
      example = start();
      url = new URL(PATH, (await example.waitFor(origin))[0]);
    });
    afterAll(() => example.stop());

    function deliver({ headers, body }: SignedDelivery): Promise<Response> {
      return fetch(url, { method: "POST", headers, body });
    }

    test("runs the callback of a signed delivery, once", async () => {
      const first = await deliver(completed("msg_1", "gen_1"));
      expect([first.status, await first.json()]).toEqual([200, { received: true }]);
      expect(example.output()).not.toContain("completed gen_1");
      expect((await deliver(completed("msg_1", "gen_1"))).status).toBe(200);
      await example.waitFor(/completed gen_1 \(diffio-2\)/);

      expect((await deliver(completed("msg_1", "gen_1"))).status).toBe(200);
      await deliver(completed("msg_2", "gen_2"));
      await example.waitFor(/completed gen_2/);
      expect(example.output().match(/completed gen_1/g)).toHaveLength(1);
    });

    test("refuses a forged delivery", async () => {
      const response = await deliver(forged("msg_3", "gen_3"));
      expect([response.status, await response.json()]).toEqual([400, { error: "no_matching_signature" }]);
      await deliver(completed("msg_4", "gen_4"));
      await example.waitFor(/completed gen_4/);
      expect(example.output()).not.toContain("gen_3");
    });

    test("leaves parsed JSON to the other route", async () => {
      const response = await fetch(new URL("/generations", url), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name: "an old tape" }),
      });
      expect([response.status, await response.json()]).toEqual([201, { name: "an old tape" }]);
    });

    more(() => ({ example, deliver }));
  });
}

/** The tests of an app that `node src/server.ts` serves in its folder. */
export function describeNodeExample(folder: URL): void {
  describeExample(
    () => startExample(folder, ["src/server.ts"], ENV),
    /http:\S+\/webhooks\/diffio/,
    (underTest) => {
      test("waits on SIGTERM for a callback that runs", async () => {
        const { example, deliver } = underTest();
        expect((await deliver(completed("msg_5", "gen_5"))).status).toBe(200);
        expect(example.output()).not.toContain("gen_5");
        expect(await example.stop()).toBe(0);
        expect(example.output()).toContain("completed gen_5");
        expect(example.output()).not.toContain("gen_3");
      });
    },
  );
}
