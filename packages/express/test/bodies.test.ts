import { PATH, type SignedDelivery, forged, signed } from "@diffio-webhooks/test-support/deliveries";
import { recorder } from "@diffio-webhooks/test-support/recorder";
import type { Express, RequestHandler } from "express";
import supertest from "supertest";
import { describe, expect, test } from "vitest";
import { diffioWebhooks } from "../src/index.ts";
import { VERSIONS } from "./support/servers.ts";

type RequestWithBytes = Parameters<RequestHandler>[0] & { rawBody?: unknown };

function keepBytes(req: unknown, _res: unknown, bytes: Buffer): void {
  (req as RequestWithBytes).rawBody = bytes;
}

/** What platforms like Firebase do before the app sees the request: drain it, keep the bytes, and parse them. */
function platformKeeps(keep: (bytes: Buffer) => unknown): RequestHandler {
  return (req: RequestWithBytes, _res, next) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      const bytes = Buffer.concat(chunks);
      req.rawBody = keep(bytes);
      req.body = JSON.parse(bytes.toString()) as unknown;
      next();
    });
  };
}

describe.each(VERSIONS)("$version", ({ framework }) => {
  const { json, raw, text, urlencoded } = framework;

  /** An app with middleware before the webhook, to send deliveries to. */
  function appWith(...before: RequestHandler[]): {
    send(delivery: SignedDelivery): Promise<{ status: number; error: unknown }>;
    outcomes: () => Promise<{ runs: string[]; hints: (string | undefined)[] }>;
  } {
    const { runs, refusals, options } = recorder();
    const webhooks = diffioWebhooks(options);
    const app: Express = framework();
    if (before.length > 0) app.use(...before);
    app.post(PATH, webhooks);
    return {
      async send({ headers, body }) {
        // "At once" is part of what is asked for: nothing may wait for a timer.
        const reply = await supertest(app).post(PATH).set(headers).send(body).timeout(1000);
        return { status: reply.status, error: (reply.body as { error?: unknown }).error };
      },
      async outcomes() {
        await webhooks.receiver.idle();
        return { runs, hints: refusals.map(({ hint }) => hint) };
      },
    };
  }

  describe("the bytes are found", () => {
    const sources: Record<string, RequestHandler[]> = {
      "in the stream": [],
      "in req.rawBody, a Buffer, the stream drained (Firebase)": [platformKeeps((bytes) => bytes)],
      "in req.rawBody, a Uint8Array": [platformKeeps((bytes) => new Uint8Array(bytes))],
      "in req.rawBody, a string": [platformKeeps((bytes) => bytes.toString())],
      "in req.rawBody, kept by express.json({ verify }) (Nest)": [json({ verify: keepBytes })],
      "in req.body after express.text()": [text({ type: () => true })],
      "in req.body after express.raw()": [raw({ type: () => true })],
      "in req.body after express.raw({ type: json })": [raw({ type: "application/json" })],
      "in the stream behind express.json() for another type": [json({ type: "application/vnd.api+json" })],
      "in the stream behind express.raw() for another type": [raw()],
      "in the stream behind express.urlencoded() and express.text()": [
        urlencoded({ extended: true }),
        text(),
      ],
    };
    test.each(Object.entries(sources))("%s", async (_source, before) => {
      const app = appWith(...before);
      const delivery = signed();
      expect(await app.send(delivery)).toEqual({ status: 200, error: undefined });
      expect(await app.send(forged())).toEqual({ status: 400, error: "no_matching_signature" });
      expect((await app.outcomes()).runs).toEqual([delivery.messageId]);
    });

    test("in req.rawBody, and not in a req.body that somebody has changed", async () => {
      const app = appWith(
        platformKeeps((bytes) => bytes),
        (req, _res, next) => {
          req.body = Buffer.from("changed");
          next();
        },
      );
      expect((await app.send(signed())).status).toBe(200);
    });

    test("but counted: kept bytes over the limit are refused, too", async () => {
      const app = appWith(raw({ type: () => true, limit: "4mb" }));
      expect(await app.send(signed("x".repeat(1_048_577)))).toEqual({ status: 413, error: "body_too_large" });
    });
  });

  describe("the bytes are gone: 500 at once, valid and forged alike, with a hint", () => {
    const eaters: Record<string, RequestHandler[]> = {
      "express.json()": [json()],
      "express.json({ strict: false })": [json({ strict: false })],
      "express.urlencoded()": [urlencoded({ extended: true, type: () => true })],
      "a platform that keeps them as an object": [platformKeeps((bytes) => ({ bytes: bytes.length }))],
    };
    test.each(Object.entries(eaters))("%s", async (_eater, before) => {
      const app = appWith(...before);
      for (const delivery of [signed(), forged()]) {
        // eslint-disable-next-line no-await-in-loop
        expect(await app.send(delivery)).toEqual({ status: 500, error: "body_already_parsed" });
      }
      const { runs, hints } = await app.outcomes();
      expect(runs).toEqual([]);
      expect(hints).toHaveLength(2);
      for (const hint of hints) expect(hint).toMatch(/before express\.json\(\).*verify/);
    });

    test("a JSON string that strict: false took for the body, and that is no event", async () => {
      const app = appWith(json({ strict: false }));
      expect(await app.send(signed('"hello"'))).toEqual({ status: 500, error: "body_already_parsed" });
      expect((await app.outcomes()).runs).toEqual([]);
    });

    test("what the headers condemn is told before that", async () => {
      const app = appWith(json());
      const { headers, ...delivery } = signed();
      delete headers["svix-signature"];
      expect(await app.send({ ...delivery, headers })).toEqual({ status: 400, error: "missing_header" });
    });
  });
});
