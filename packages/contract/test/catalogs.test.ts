/** One receiver for any sender: each adapter with the catalog of another one. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { defineEvents } from "@diffio-webhooks/core";
import { createFetchHandler } from "@diffio-webhooks/core/fetch";
import { diffioWebhooks as expressWebhooks } from "@diffio-webhooks/express";
import { diffioWebhooks as fastifyWebhooks } from "@diffio-webhooks/fastify";
import { diffioWebhooks as honoWebhooks } from "@diffio-webhooks/hono";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { afterEach, expect, expectTypeOf, test } from "vitest";
import * as z from "zod";
import { SECRETS, signedRequest } from "../src/index.ts";

const PATH = "/webhooks/mail";
const { current: signingSecret } = SECRETS;

const events = defineEvents({
  typeField: "type",
  types: {
    "email.sent": z.object({ data: z.object({ id: z.number() }) }),
    "email.bounced": z.object({ data: z.object({ reason: z.string() }) }),
  },
  subject: ({ data }) => ("id" in data ? String(data.id) : undefined),
});

let seen: unknown[] = [];
let close: (() => unknown) | undefined;
afterEach(async () => {
  seen = [];
  await close?.();
  close = undefined;
});

type Deliver = (body: string) => Promise<number>;

function overHttp(origin: string): Deliver {
  return async (body) => {
    const request = signedRequest(body, { path: PATH });
    const response = await fetch(origin + PATH, {
      method: "POST",
      headers: request.headers as Record<string, string>,
      body,
    });
    return response.status;
  };
}

async function throughHandler(
  handle: (request: Request) => Response | Promise<Response>,
  body: string,
): Promise<number> {
  const { headers } = signedRequest(body, { path: PATH });
  const url = `http://localhost${PATH}`;
  const request = new Request(url, { method: "POST", headers: headers as Record<string, string>, body });
  return (await handle(request)).status;
}

const ADAPTERS: Record<string, () => Promise<Deliver>> = {
  async express() {
    const app = express();
    app.post(
      PATH,
      expressWebhooks({
        signingSecret,
        events,
        on: {
          "email.sent": (event, { platform }) => {
            expectTypeOf(event.data.id).toEqualTypeOf<number>();
            seen.push(event.data.id, platform?.req.path);
          },
        },
        onUnknown: (event) => void seen.push(event.type),
      }),
    );
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    close = () => server.close();
    return overHttp(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  },
  async fastify() {
    const app = fastify();
    await app.register(fastifyWebhooks, {
      path: PATH,
      signingSecret,
      events,
      on: {
        "email.sent": (event, { platform }) => {
          expectTypeOf(event.data.id).toEqualTypeOf<number>();
          seen.push(event.data.id, platform?.request.url);
        },
      },
      onUnknown: (event) => void seen.push(event.type),
    });
    close = () => app.close();
    return overHttp(await app.listen({ port: 0, host: "127.0.0.1" }));
  },
  async hono() {
    const app = new Hono();
    app.post(
      PATH,
      honoWebhooks({
        signingSecret,
        events,
        on: {
          "email.sent": (event, { platform }) => {
            expectTypeOf(event.data.id).toEqualTypeOf<number>();
            seen.push(event.data.id, platform?.req.path);
          },
        },
        onUnknown: (event) => void seen.push(event.type),
      }),
    );
    return (body) => throughHandler(app.fetch, body);
  },
  async fetch() {
    const handler = createFetchHandler({
      signingSecret,
      events,
      on: {
        "email.sent": (event, { platform }) => {
          expectTypeOf(event.data.id).toEqualTypeOf<number>();
          seen.push(event.data.id, new URL(platform?.request.url ?? "").pathname);
        },
      },
      onUnknown: (event) => void seen.push(event.type),
    });
    return (body) => throughHandler(handler, body);
  },
};

test.each(Object.entries(ADAPTERS))("%s", async (_name, start) => {
  const deliver = await start();
  expect(await deliver('{"type":"email.sent","data":{"id":1}}')).toBe(200);
  expect(await deliver('{"type":"email.sent","data":{"id":"1"}}')).toBe(400);
  expect(await deliver('{"type":"email.bounced","data":{"reason":"full"}}')).toBe(200);
  expect(await deliver('{"type":"email.opened"}')).toBe(200);
  await expect.poll(() => seen).toEqual([1, PATH, "email.opened"]);
});
