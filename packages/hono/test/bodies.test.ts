import { BODY, PATH, type SignedDelivery, forged, signed } from "@diffio-webhooks/test-support/deliveries";
import { recorder } from "@diffio-webhooks/test-support/recorder";
import { FORGERS_SECRET } from "@diffio-webhooks/test-support/signing";
import { type MiddlewareHandler, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { describe, expect, test } from "vitest";
import { diffioWebhooks } from "../src/index.ts";
import { listen } from "./support/servers.ts";

type Read = (c: Parameters<MiddlewareHandler>[0]) => unknown;

const RIGHT = "verified";
const GONE = "500 body_already_parsed";

/** What earlier middleware may do to the body, and what must come of it: never a wrong 400, never a forged 200. */
const READERS: Record<string, { read: Read; expected: typeof RIGHT | typeof GONE; contentType?: string }> = {
  nothing: { read: () => undefined, expected: RIGHT },
  "c.req.json()": { read: (c) => c.req.json(), expected: RIGHT },
  "c.req.text()": { read: (c) => c.req.text(), expected: RIGHT },
  "c.req.text(), not awaited": { read: (c) => void c.req.text(), expected: RIGHT },
  "c.req.arrayBuffer()": { read: (c) => c.req.arrayBuffer(), expected: RIGHT },
  "c.req.blob()": { read: (c) => c.req.blob(), expected: RIGHT },
  "c.req.bytes()": { read: (c) => c.req.bytes(), expected: RIGHT },
  "c.req.json(), then c.req.text() and c.req.arrayBuffer()": {
    read: async (c) => {
      await c.req.json();
      await c.req.text();
      await c.req.arrayBuffer();
    },
    expected: RIGHT,
  },
  "c.req.blob(), then c.req.json()": {
    read: async (c) => {
      await c.req.blob();
      await c.req.json();
    },
    expected: RIGHT,
  },
  "c.req.parseBody()": { read: (c) => c.req.parseBody(), expected: RIGHT },
  "c.req.parseBody() of what says it is a form": {
    read: (c) => c.req.parseBody(),
    contentType: "application/x-www-form-urlencoded",
    expected: RIGHT,
  },
  "c.req.formData() of what says it is a form": {
    read: (c) => c.req.formData(),
    contentType: "application/x-www-form-urlencoded",
    expected: GONE,
  },
  "c.req.raw.json()": { read: (c) => c.req.raw.json(), expected: GONE },
  "c.req.raw.text()": { read: (c) => c.req.raw.text(), expected: GONE },
  "c.req.raw.json(), not awaited": { read: (c) => void c.req.raw.json(), expected: GONE },
  "c.req.raw.clone().json()": { read: (c) => c.req.raw.clone().json(), expected: RIGHT },
  "c.req.raw.clone(), not read": { read: (c) => void c.req.raw.clone(), expected: RIGHT },
  "c.req.raw.body, looked at": { read: (c) => void c.req.raw.body?.locked, expected: RIGHT },
  "c.req.raw.body.getReader(), kept": { read: (c) => void c.req.raw.body?.getReader(), expected: GONE },
  "c.req.raw.body, read and let go": {
    read: async (c) => {
      const reader = c.req.raw.body?.getReader();
      await reader?.read();
      reader?.releaseLock();
    },
    expected: GONE,
  },
  "c.req.raw replaced by a copy": {
    read: (c) => {
      c.req.raw = new Request(c.req.raw);
    },
    expected: RIGHT,
  },
  "c.req.raw replaced by one with other headers": {
    read: (c) => {
      const headers = new Headers(c.req.raw.headers);
      headers.set("x-added", "1");
      c.req.raw = new Request(c.req.raw, { headers });
    },
    expected: RIGHT,
  },
};

const SERVERS = {
  "app.request": (app: Hono) =>
    Promise.resolve((init: RequestInit) => Promise.resolve(app.request(PATH, init))),
  "@hono/node-server": async (app: Hono) => {
    const url = await listen(app);
    return (init: RequestInit) => fetch(url, init);
  },
};

describe.each(Object.entries(SERVERS))("on %s, behind a middleware with", (_server, start) => {
  async function serve(...before: MiddlewareHandler[]): Promise<{
    send(delivery: SignedDelivery, init?: RequestInit & { duplex: "half" }): Promise<string>;
    outcomes: () => Promise<{ runs: string[]; hints: (string | undefined)[] }>;
  }> {
    const { runs, refusals, options } = recorder();
    const webhooks = diffioWebhooks(options);
    const app = new Hono();
    for (const middleware of before) app.use(middleware);
    app.post(PATH, webhooks);
    const request = await start(app);
    return {
      async send({ headers, body }, init) {
        const reply = await request({ method: "POST", headers, body, ...init });
        const { error, received } = (await reply.json()) as { error?: string; received?: boolean };
        return `${reply.status} ${received ? "received" : error}`;
      },
      async outcomes() {
        await webhooks.receiver.idle();
        return { runs, hints: refusals.map(({ hint }) => hint) };
      },
    };
  }

  function reading(read: Read): MiddlewareHandler {
    return async (c, next) => {
      await read(c);
      await next();
    };
  }

  test.each(Object.entries(READERS))(
    "%s",
    async (_name, { read, expected, contentType = "application/json" }) => {
      const app = await serve(reading(read));
      const delivery = signed(undefined, { contentType });
      const bad = signed(undefined, { contentType, secret: FORGERS_SECRET });
      const gone = expected === GONE;

      expect(await app.send(delivery)).toBe(gone ? GONE : "200 received");
      expect(await app.send(bad)).toBe(gone ? GONE : "400 no_matching_signature");
      const { runs, hints } = await app.outcomes();
      expect(runs).toEqual(gone ? [] : [delivery.messageId]);
      if (gone) for (const hint of hints) expect(hint).toMatch(/c\.req\.text\(\)|let the receiver read it/);
    },
  );

  test("c.req.json() that fails, since the body is not JSON", async () => {
    const app = await serve(reading((c) => c.req.json().catch(() => {})));
    expect(await app.send(signed("not JSON"))).toBe("400 invalid_payload");
    expect(await app.send(forged("not JSON"))).toBe("400 no_matching_signature");
  });

  test("bodyLimit, with and without a content-length", async () => {
    const app = await serve(bodyLimit({ maxSize: 100_000 }));
    const deliveries = [signed(), signed()] as const;
    expect(await app.send(deliveries[0])).toBe("200 received");
    const streamed = new Blob([deliveries[1].body]).stream();
    expect(await app.send(deliveries[1], { body: streamed, duplex: "half" })).toBe("200 received");
    expect(await app.send(forged(), { body: new Blob([BODY]).stream(), duplex: "half" })).toBe(
      "400 no_matching_signature",
    );
    expect((await app.outcomes()).runs).toEqual(deliveries.map(({ messageId }) => messageId));
  });

  test("a body that was kept is counted, too", async () => {
    const app = await serve(reading((c) => c.req.arrayBuffer()));
    expect(await app.send(signed("x".repeat(1_048_577)))).toBe("413 body_too_large");
  });

  test("what the headers condemn is told before the body is asked for", async () => {
    const app = await serve(reading((c) => c.req.raw.json()));
    const { headers, ...delivery } = signed();
    delete headers["svix-signature"];
    expect(await app.send({ ...delivery, headers })).toBe("400 missing_header");
  });
});
