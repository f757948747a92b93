import { request as httpRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { setTimeout as pause } from "node:timers/promises";
import type { ReceiverOptions } from "@diffio-webhooks/core";
import { newMessageId, signatureHeaders } from "@diffio-webhooks/test-support/signing";
import { afterEach, describe, expect, test } from "vitest";
import { payload } from "../deliveries.ts";
import { SECRETS } from "../servers/fixture.ts";
import { type Framework, type MatrixServer, serveBehind } from "./servers.ts";
import { TOUCHES, type Touch } from "./touches.ts";

const BODY = Buffer.from(payload({ errorDetails: "é日本".repeat(20) }));

/** Every way to touch a body, on one framework. */
export function describeBodyMatrix(framework: Framework): void {
  describe(framework.name, () => {
    let server: MatrixServer | undefined;
    afterEach(() => server?.close());

    async function serve(touch: Pick<Touch, "touch">, http2 = false) {
      const seen = { runs: 0, refusals: [] as { code: string; hint?: string | undefined }[] };
      const options: ReceiverOptions<never> = {
        signingSecret: SECRETS.current,
        onAny: () => {
          seen.runs += 1;
        },
        onRejected: ({ code, hint }) => void seen.refusals.push({ code, hint }),
      };
      server = await serveBehind(framework, touch, options, { http2 });
      return { url: server.url, seen };
    }

    describe.each(TOUCHES)("$name", ({ touch, bytesAreThere, inTwoParts = false }) => {
      test(bytesAreThere ? "→ 200" : "→ 500 body_already_parsed, with the fix", async () => {
        const { url, seen } = await serve({ touch });
        const { status, text } = await post(url, inTwoParts);
        if (bytesAreThere) {
          expect({ status, text, refusals: seen.refusals }).toEqual({
            status: 200,
            text: '{"received":true}',
            refusals: [],
          });
          await expect.poll(() => seen.runs).toBe(1);
        } else {
          expect({ status, text }).toEqual({ status: 500, text: '{"error":"body_already_parsed"}' });
          expect(seen.refusals).toMatchObject([{ code: "body_already_parsed" }]);
          expect(seen.refusals[0]?.hint).toMatch(framework.fix);
          expect(seen.runs).toBe(0);
        }
      });
    });

    describe("cut by the client", () => {
      test.each(
        TOUCHES.filter(({ name }) => /^(untouched|kept early|a foreign data listener, n)/.test(name)),
      )("$name → body_incomplete", async ({ touch }) => {
        const { url, seen } = await serve({ touch });
        const request = httpRequest(url, { method: "POST", headers: headersOf() });
        request.on("error", () => {});
        request.write(BODY.subarray(0, 50));
        await pause(50);
        request.destroy();
        await expect.poll(() => seen.refusals.map(({ code }) => code)).toEqual(["body_incomplete"]);
        expect(seen.runs).toBe(0);
      });

      test.runIf(framework.http2)("an HTTP/2 stream that is reset → body_incomplete", async () => {
        const { url, seen } = await serve({ touch: () => {} }, true);
        const session = connectHttp2(new URL(url).origin);
        session.on("error", () => {});
        const stream = session.request({
          ":method": "POST",
          ":path": new URL(url).pathname,
          ...headersOf(),
          "content-length": String(BODY.length),
        });
        stream.on("error", () => {});
        stream.write(BODY.subarray(0, 50));
        await pause(50);
        stream.close(8);
        await expect.poll(() => seen.refusals.map(({ code }) => code)).toEqual(["body_incomplete"]);
        session.destroy();
      });
    });
  });
}

function headersOf(): Record<string, string> {
  return {
    ...signatureHeaders(BODY, { secrets: [SECRETS.current], messageId: newMessageId() }),
    "content-type": "application/json",
  };
}

function post(url: string, inTwoParts: boolean): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { ...headersOf(), "content-length": String(BODY.length) };
    const request = httpRequest(url, { method: "POST", headers, agent: false });
    request.on("error", reject);
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    if (!inTwoParts) {
      request.end(BODY);
      return;
    }
    // In the middle of a character.
    const half = BODY.indexOf("日") + 1;
    request.write(BODY.subarray(0, half));
    setTimeout(() => request.end(BODY.subarray(half)), 100);
  });
}
