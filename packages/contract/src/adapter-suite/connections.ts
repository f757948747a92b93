import { describe, expect, test } from "vitest";
import { payload, signedRequest } from "../deliveries.ts";
import { postRaw, rawHead } from "../http.ts";
import { PATHS } from "../servers/fixture.ts";
import type { AdapterDriver } from "./driver.ts";

/** Clients that stall, lie about the length of their body, or go away. */
export function describeConnections({ adapter, origin, deliver, runsOf }: AdapterDriver): void {
  describe("a connection in bad shape", () => {
    const stillServes = async (): Promise<void> => {
      expect((await deliver(signedRequest(payload()))).status).toBe(200);
    };

    test("content-length promises more than the limit, and 1 MiB + 1 arrives: 413 though the rest never comes", async () => {
      const connection = postRaw(origin());
      connection.write(rawHead(signedRequest("x"), "content-length: 9999999"));
      connection.write(Buffer.alloc(1_048_577, 120));
      expect(await connection.until("body_too_large")).toContain("413");
      // The connection must not be kept for it.
      if (adapter.endsConnections) await connection.closed;
      else connection.destroy();
      await stillServes();
    });

    test("chunks without end: 413", async () => {
      const connection = postRaw(origin());
      connection.write(rawHead(signedRequest("x"), "transfer-encoding: chunked"));
      const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(65_536, 120), Buffer.from("\r\n")]);
      for (let count = 0; count < 20; count++) connection.write(chunk);
      expect(await connection.until("body_too_large")).toContain("413");
      if (adapter.endsConnections) await connection.closed;
      else connection.destroy();
      await stillServes();
    });

    test("a content-length that is too small: refused, by us or as broken HTTP", async () => {
      const request = signedRequest(payload());
      const connection = postRaw(origin());
      connection.write(`${rawHead(request, "content-length: 10")}${payload()}`);
      expect(await connection.until("\r\n\r\n")).toMatch(/^HTTP\/1\.1 400/);
      connection.destroy();
      expect(await runsOf(request.messageId)).toHaveLength(0);
      await stillServes();
    });

    test("a header of 100,000 signatures: refused, by the server's own limit or by ours", async () => {
      const connection = postRaw(origin());
      const request = signedRequest(payload());
      connection.write(
        rawHead(
          { ...request, headers: { ...request.headers, "svix-signature": "v1,x ".repeat(100_000) } },
          "content-length: 0",
        ),
      );
      expect(await connection.until("HTTP/1.1 4")).toMatch(/HTTP\/1\.1 4(00|31)/);
      connection.destroy();
      await stillServes();
    });

    test("a client that goes away in the middle of the body", async () => {
      const connection = postRaw(origin());
      connection.write(`${rawHead(signedRequest(payload()), "content-length: 1000")}{"half":`);
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
        const connection = postRaw(origin());
        const request = signedRequest(payload(), { path: PATHS.strangers });
        connection.write(`${rawHead(request, "content-length: 100000")}{"half":`);
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
      const connection = postRaw(origin());
      const stale = signedRequest("x", { ageInSeconds: 86_400 });
      connection.write(rawHead(stale, "transfer-encoding: chunked"));
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
      const connections = Array.from({ length: 6 }, () => postRaw(origin()));
      const request = signedRequest(payload(), { path: PATHS.strangers });
      for (const connection of connections) {
        connection.write(rawHead(request, "content-length: 1000000"));
        connection.write(Buffer.alloc(900_000, 120));
      }
      const replies = await Promise.all(connections.map((connection) => connection.until("\r\n\r\n")));
      for (const connection of connections) connection.destroy();
      const statuses = replies.map((reply) => reply.slice(9, 12));
      expect(new Set(statuses)).toEqual(new Set(["408", "503"]));
      expect((await deliver(signedRequest(payload(), { path: PATHS.strangers }))).status).toBe(200);
    });
  });
}
