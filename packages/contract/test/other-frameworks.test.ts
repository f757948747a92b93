/** Core by hand on frameworks without an adapter: their parsers are our set-up, and the hint's fix works. */
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createReceiver } from "@diffio-webhooks/core";
import Koa from "koa";
import { afterEach, describe, expect, test } from "vitest";
import { SECRETS, payload, send, signedRequest } from "../src/index.ts";

const PATH = "/webhooks/diffio";

/** By name, without their types: those change what all of Node's requests have, or need a package that they do not bring. */
const [KOA_BODY_PARSER, HAPI]: readonly [string, string] = ["@koa/bodyparser", "@hapi/hapi"];

interface HapiResponse {
  code(status: number): this;
  header(name: string, value: string): this;
}

interface HapiServer {
  readonly info: { readonly uri: string };
  route(route: {
    method: string;
    path: string;
    options: object;
    handler(
      request: { headers: Record<string, string>; raw: { req: IncomingMessage } },
      h: { response(body: string): HapiResponse },
    ): Promise<HapiResponse>;
  }): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

let close: (() => unknown) | undefined;
afterEach(async () => {
  await close?.();
  close = undefined;
});

function receiving() {
  const runs: string[] = [];
  const hints: (string | undefined)[] = [];
  const receiver = createReceiver({
    signingSecret: SECRETS.current,
    onAny: (_event, { messageId }) => void runs.push(messageId),
    onRejected: ({ hint }) => void hints.push(hint),
  });
  return { receiver, runs, hints };
}

type BodyOf = (
  context: Koa.Context,
) => Parameters<ReturnType<typeof receiving>["receiver"]["receive"]>[0]["body"];

async function koa(bodyOf: BodyOf, parses: boolean) {
  const { receiver, ...seen } = receiving();
  const app = new Koa();
  if (parses) {
    const { bodyParser } = (await import(KOA_BODY_PARSER)) as { bodyParser(): Koa.Middleware };
    app.use(bodyParser());
  }
  app.use(async (context) => {
    const { method, headers } = context;
    const reply = await receiver.receive({ method, headers, body: bodyOf(context) });
    context.status = reply.status;
    context.set(reply.headers);
    context.body = reply.body;
  });
  const server = app.listen(0, "127.0.0.1");
  close = () => server.close();
  await new Promise((resolve) => void server.once("listening", resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ...seen };
}

async function hapi(parses: boolean) {
  const { receiver, ...seen } = receiving();
  const { server: createHapi } = (await import(HAPI)) as { server(options: object): HapiServer };
  const server = createHapi({ port: 0, host: "127.0.0.1" });
  server.route({
    method: "POST",
    path: PATH,
    options: { payload: parses ? {} : { parse: false, output: "stream" } },
    async handler(request, h) {
      const { headers } = request;
      const reply = await receiver.receive({ method: "POST", headers, body: request.raw.req });
      const response = h.response(reply.body).code(reply.status);
      for (const [name, value] of Object.entries(reply.headers)) response.header(name, value);
      return response;
    },
  });
  await server.start();
  close = () => server.stop();
  return { origin: server.info.uri, ...seen };
}

const request = () => signedRequest(payload(), { path: PATH });

describe("Koa", () => {
  test("the request itself → 200", async () => {
    const { origin, runs } = await koa(({ req }) => req, false);
    expect((await send(origin, request())).status).toBe(200);
    await expect.poll(() => runs).toHaveLength(1);
  });

  test("behind @koa/bodyparser → 500, and the hint names the fix, which works", async () => {
    const { origin, hints } = await koa(({ req }) => req, true);
    expect(await send(origin, request())).toMatchObject({
      status: 500,
      text: '{"error":"body_already_parsed"}',
    });
    expect(hints.join()).toContain("ctx.request.rawBody");
    await close?.();
    const fixed = await koa(
      ({ request: { rawBody } }: Koa.Context & { request: { rawBody?: string } }) => rawBody ?? "",
      true,
    );
    expect((await send(fixed.origin, request())).status).toBe(200);
  });
});

describe("hapi", () => {
  test("with parse: false → 200", async () => {
    const { origin, runs } = await hapi(false);
    expect((await send(origin, request())).status).toBe(200);
    await expect.poll(() => runs).toHaveLength(1);
  });

  test("with its parser → 500, and not 400", async () => {
    const { origin, hints } = await hapi(true);
    expect(await send(origin, request())).toMatchObject({
      status: 500,
      text: '{"error":"body_already_parsed"}',
    });
    expect(hints).toHaveLength(1);
  });
});
