import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Adapter, RunningAdapter } from "./adapters.ts";
import { DELIVERIES, type DeliveryCase, PARSED_DELIVERIES, payload, signedRequest } from "./deliveries.ts";
import { type HttpReply, type HttpRequest, postRaw, send } from "./http.ts";
import { type Ledger, PATHS } from "./servers/fixture.ts";

/** Runs the whole contract against one adapter, over real HTTP. */
export function describeAdapter(adapter: Adapter): void {
  describe(adapter.name, () => {
    let server: RunningAdapter;
    let folder: string;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "diffio-contract-"));
      server = await adapter.start();
    });
    afterAll(async () => {
      await server.close();
      rmSync(folder, { recursive: true });
    });

    const deliver = (request: HttpRequest): Promise<HttpReply> => send(server.url, request);
    const ledger = async (): Promise<Ledger> =>
      JSON.parse((await send(server.url, { method: "GET", path: "/ledger" })).text) as Ledger;
    const runsOf = async (messageId: string): Promise<Ledger["runs"]> =>
      (await ledger()).runs.filter((run) => run.messageId === messageId);

    async function check({ request: make, expected }: DeliveryCase): Promise<void> {
      const request = make();
      const reply = await deliver(request);
      const { rejections } = await ledger();
      const runs = await runsOf(request.messageId);
      expect({ status: reply.status, runs: runs.length }).toEqual({
        status: expected.status,
        runs: expected.runs ? 1 : 0,
      });
      if (request.method !== "HEAD") {
        expect(JSON.parse(reply.text)).toEqual(
          expected.error ? { error: expected.error } : { received: true },
        );
      }
      expect(reply.headers["content-type"]).toMatch(/^application\/json/);
      if (expected.error)
        expect(rejections.at(-1)).toMatchObject({ path: request.path, code: expected.error });
      if (expected.status === 405) expect(reply.headers["allow"]).toBe("POST");
      if (expected.runs)
        expect(runs[0]).toMatchObject({
          path: request.path,
          run: 1,
          hasPlatform: true,
          rawBytes: request.body?.length,
        });
      if (expected.secretName) expect(runs[0]?.secretName).toBe(expected.secretName);
    }

    describe("a delivery", () => {
      for (const delivery of DELIVERIES) {
        const { status, error } = delivery.expected;
        test(`${delivery.name} → ${status}${error ? ` ${error}` : ""}`, () => check(delivery));
      }
    });

    describe("behind a middleware that parsed the body", () => {
      if (adapter.sharesBody) {
        for (const delivery of PARSED_DELIVERIES) test(`${delivery.name} → 500`, () => check(delivery));
        test("the hint names a mend", async () => {
          await deliver(signedRequest(payload(), { path: PATHS.parsed }));
          expect((await ledger()).rejections.at(-1)?.hint).toMatch(/before/);
        });
      } else {
        test("cannot happen: the plugin owns its route and reads before any parser", async () => {
          expect((await deliver(signedRequest(payload(), { path: PATHS.parsed }))).status).toBe(200);
        });
      }
    });

    describe("the same message again", () => {
      test("one after another: answered 200, run once", async () => {
        const request = signedRequest(payload());
        for (let copy = 0; copy < 3; copy++) expect((await deliver(request)).status).toBe(200);
        expect(await runsOf(request.messageId)).toHaveLength(1);
      });

      test("20 at once: all answered 200, run once", async () => {
        const request = signedRequest(payload());
        const replies = await Promise.all(Array.from({ length: 20 }, () => deliver(request)));
        expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
        expect(await runsOf(request.messageId)).toHaveLength(1);
      });
    });

    describe("a callback that fails", () => {
      for (const behaviour of ["throws", "rejects"]) {
        test(`${behaviour}: answered 200, run three times, the last one told to be final`, async () => {
          const request = signedRequest(payload({ generationId: behaviour }));
          expect((await deliver(request)).status).toBe(200);
          const { errors } = await ledger();
          expect(errors.filter(({ messageId }) => messageId === request.messageId)).toMatchObject([
            { run: 1, final: false },
            { run: 2, final: false },
            { run: 3, final: true },
          ]);
        });
      }

      test("never ends: answered 200, and each run is ended by its timeout", async () => {
        const request = signedRequest(payload({ generationId: "never ends" }), { path: PATHS.impatient });
        expect((await deliver(request)).status).toBe(200);
        const { errors } = await ledger();
        expect(errors.filter(({ messageId }) => messageId === request.messageId)).toHaveLength(3);
      });

      test("blocks the thread: the reply has left before", async () => {
        const marker = join(folder, "replied");
        const request = signedRequest(payload({ generationId: "blocks", blockMarker: marker }));
        const sent = performance.now();
        expect((await deliver(request)).status).toBe(200);
        const replied = performance.now();
        writeFileSync(marker, "");
        const [run] = await runsOf(request.messageId);
        // Without a word from the callback: most of the time passed after the reply.
        const beforeTheEnd = performance.now() - replied > replied - sent;
        expect(run?.replyLeftFirst ?? beforeTheEnd).toBe(true);
      });
    });

    describe('acknowledge: "after-handlers"', () => {
      test("a callback that succeeds → 200", async () => {
        const request = signedRequest(payload(), { path: PATHS.afterHandlers });
        expect((await deliver(request)).status).toBe(200);
        expect((await deliver(request)).status).toBe(200);
        expect(await runsOf(request.messageId)).toHaveLength(1);
      });

      test("a callback that fails → 500 handler_failed, once for each attempt of the sender", async () => {
        const request = signedRequest(payload({ generationId: "throws" }), { path: PATHS.afterHandlers });
        for (let attempt = 1; attempt <= 2; attempt++) {
          const { status, text } = await deliver(request);
          expect({ status, text }).toEqual({ status: 500, text: '{"error":"handler_failed"}' });
          expect(await runsOf(request.messageId)).toHaveLength(attempt);
        }
      });

      test("a copy that arrives meanwhile shares the run", async () => {
        const request = signedRequest(payload({ generationId: "is slow" }), { path: PATHS.afterHandlers });
        const replies = await Promise.all([deliver(request), deliver(request), deliver(request)]);
        expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
        expect(await runsOf(request.messageId)).toHaveLength(1);
      });
    });

    describe("a connection in bad shape", () => {
      const head = (request: HttpRequest, ...lines: string[]): string =>
        [
          `POST ${request.path} HTTP/1.1`,
          "host: localhost",
          ...Object.entries(request.headers ?? {}).map(([name, value]) => `${name}: ${String(value)}`),
          ...lines,
          "",
          "",
        ].join("\r\n");
      const stillServes = async (): Promise<void> => {
        expect((await deliver(signedRequest(payload()))).status).toBe(200);
      };

      test("content-length promises more than the limit, and 1 MiB + 1 arrives: 413 though the rest never comes", async () => {
        const connection = postRaw(server.url);
        connection.write(head(signedRequest("x"), "content-length: 9999999"));
        connection.write(Buffer.alloc(1_048_577, 120));
        expect(await connection.until("body_too_large")).toContain("413");
        // The connection must not be kept for it.
        if (adapter.endsConnections) await connection.closed;
        else connection.destroy();
        await stillServes();
      });

      test("chunks without end: 413", async () => {
        const connection = postRaw(server.url);
        connection.write(head(signedRequest("x"), "transfer-encoding: chunked"));
        const chunk = Buffer.concat([
          Buffer.from("10000\r\n"),
          Buffer.alloc(65_536, 120),
          Buffer.from("\r\n"),
        ]);
        for (let count = 0; count < 20; count++) connection.write(chunk);
        expect(await connection.until("body_too_large")).toContain("413");
        if (adapter.endsConnections) await connection.closed;
        else connection.destroy();
        await stillServes();
      });

      test("a content-length that is too small: refused, by us or as broken HTTP", async () => {
        const request = signedRequest(payload());
        const connection = postRaw(server.url);
        connection.write(`${head(request, "content-length: 10")}${payload()}`);
        expect(await connection.until("\r\n\r\n")).toMatch(/^HTTP\/1\.1 400/);
        connection.destroy();
        expect(await runsOf(request.messageId)).toHaveLength(0);
        await stillServes();
      });

      test("a header of 100,000 signatures: refused, by the server's own limit or by ours", async () => {
        const connection = postRaw(server.url);
        const request = signedRequest(payload());
        connection.write(
          head(
            { ...request, headers: { ...request.headers, "svix-signature": "v1,x ".repeat(100_000) } },
            "content-length: 0",
          ),
        );
        expect(await connection.until("HTTP/1.1 4")).toMatch(/HTTP\/1\.1 4(00|31)/);
        connection.destroy();
        await stillServes();
      });

      test("a client that goes away in the middle of the body", async () => {
        const connection = postRaw(server.url);
        connection.write(`${head(signedRequest(payload()), "content-length: 1000")}{"half":`);
        await stillServes();
        connection.destroy();
        await stillServes();
      });

      test.each([
        ["stalls", 0],
        ["drips", 50],
      ])(
        "a client that %s in the middle of the body: others go on, and it gets 408",
        async (_name, everyMs) => {
          const connection = postRaw(server.url);
          const request = signedRequest(payload(), { path: PATHS.strangers });
          connection.write(`${head(request, "content-length: 100000")}{"half":`);
          const dripping = everyMs > 0 ? setInterval(() => connection.write(" "), everyMs) : undefined;
          try {
            await stillServes();
            expect(await connection.until("body_timeout")).toMatch(/^HTTP\/1\.1 408/);
            if (adapter.endsConnections) await connection.closed;
          } finally {
            clearInterval(dripping);
            connection.destroy();
          }
          await stillServes();
        },
      );

      test("a body that goes on behind headers that are refused: its connection ends", async () => {
        const connection = postRaw(server.url);
        const stale = signedRequest("x", { ageInSeconds: 86_400 });
        connection.write(head(stale, "transfer-encoding: chunked"));
        const dripping = setInterval(() => connection.write("1\r\nx\r\n"), 20);
        try {
          expect(await connection.until("timestamp_too_old")).toMatch(/^HTTP\/1\.1 400/);
          if (adapter.endsConnections) await connection.closed;
        } finally {
          clearInterval(dripping);
          connection.destroy();
        }
        await stillServes();
      });

      test("bodies that are held back share the room for them: 503, and then there is room again", async () => {
        const connections = Array.from({ length: 6 }, () => postRaw(server.url));
        const request = signedRequest(payload(), { path: PATHS.strangers });
        for (const connection of connections) {
          connection.write(head(request, "content-length: 1000000"));
          connection.write(Buffer.alloc(900_000, 120));
        }
        const replies = await Promise.all(connections.map((connection) => connection.until("\r\n\r\n")));
        for (const connection of connections) connection.destroy();
        const statuses = replies.map((reply) => reply.slice(9, 12));
        expect(new Set(statuses)).toEqual(new Set(["408", "503"]));
        expect((await deliver(signedRequest(payload(), { path: PATHS.strangers }))).status).toBe(200);
      });
    });

    test("nothing was left unhandled", () => {
      expect(server.stderr()).not.toMatch(/unhandled|uncaught/i);
    });
  });
}
