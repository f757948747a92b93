import { type AddressInfo, createConnection, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { signed } from "@diffio-webhooks/test-support/deliveries";
import { startPostgres } from "@diffio-webhooks/test-support/postgres";
import pg from "pg";
import { type MockInstance, afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { PostgresInboxOptions } from "../src/index.ts";
import { usePostgres } from "./support/postgres.ts";
import { receiverOn } from "./support/receivers.ts";

const postgres = usePostgres();

let unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);
let log: MockInstance<typeof console.error>;
beforeEach(() => {
  unhandled = [];
  log = vi.spyOn(console, "error").mockImplementation(() => {});
  process.on("unhandledRejection", note).on("uncaughtException", note);
});
afterEach(() => {
  process.off("unhandledRejection", note).off("uncaughtException", note);
  log.mockRestore();
  if (unhandled.length > 0) throw new AggregateError(unhandled, "Errors that nobody handled");
});

/** The ways to the server that an inbox can be given. */
const SOURCES: Record<string, (connectionString: string) => Promise<PostgresInboxOptions>> = {
  connectionString: async (connectionString) => ({ connectionString }),
  async pool(connectionString) {
    const pool = new pg.Pool({ connectionString, max: 4 });
    onTestFinished(() => pool.end());
    return { pool };
  },
};

describe.each(Object.entries(SOURCES))("with { %s }", (_name, source) => {
  test("a server that is killed and started again under load: 503 meanwhile, and nothing acknowledged is lost", async () => {
    const { connectionString } = await postgres.database();
    const { inbox, receiver, runs, receive, refusals } = receiverOn(await source(connectionString), {
      onAny: () => sleep(5),
    });
    await receive();
    const acknowledged = new Set<string>();
    const refused = new Set<string>();
    const over = new AbortController();
    const load = Array.from({ length: 8 }, async () => {
      while (!over.signal.aborted) {
        const delivery = signed();
        const { status } = await receive(delivery);
        (status === 200 ? acknowledged : refused).add(delivery.messageId);
        expect([200, 503]).toContain(status);
        if (status === 503) await sleep(20);
      }
    });
    for (let death = 0; death < 3; death++) {
      const before = acknowledged.size;
      await expect.poll(() => acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(before + 20);
      await postgres.server().kill();
      const refusedBefore = refused.size;
      await expect.poll(() => refused.size, { timeout: 20_000 }).toBeGreaterThan(refusedBefore + 5);
      await postgres.server().start();
    }
    const before = acknowledged.size;
    await expect.poll(() => acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(before + 20);
    over.abort();
    await Promise.all(load);
    await receiver.idle();

    const ran = new Set(runs.map(({ messageId }) => messageId));
    expect([...acknowledged].filter((messageId) => !ran.has(messageId))).toEqual([]);
    expect(await inbox.counts()).toMatchObject({ pending: 0, running: 0, dead: 0 });
    expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set(["inbox_unavailable"]));
    expect(refusals.every(({ hint }) => hint)).toBe(true);
    // Told of, but not at each of the many failures.
    expect(log.mock.calls.length).toBeLessThanOrEqual(2);
  }, 90_000);

  test("a server that hangs: 503 within 8 s, and it goes on by itself when the server does", async () => {
    const { connectionString } = await postgres.database();
    const { inbox, receiver, runs, receive } = receiverOn(await source(connectionString));
    await receive();
    await receiver.idle();
    await postgres.server().signal("SIGSTOP");
    onTestFinished(() => postgres.server().signal("SIGCONT"));
    const deliveries = Array.from({ length: 20 }, () => signed());
    // By itself, not by the receiver's own limit, whose error could not tell why.
    const message = {
      receiver: "default",
      messageId: "msg_1",
      timestamp: new Date(),
      rawBody: Buffer.from("{}"),
    };
    const [accepting, listing, ...replies] = await Promise.all([
      inbox.accept(message).catch((error: unknown) => error),
      inbox.deadLetters.list().catch((error: unknown) => error),
      ...deliveries.map(async (delivery) => (await receive(delivery)).status),
    ]);
    await postgres.server().signal("SIGCONT");
    expect(accepting).toMatchObject({
      code: "inbox_unavailable",
      hint: expect.stringContaining("PostgreSQL") as string,
    });
    expect(listing).toMatchObject({ code: "inbox_unavailable" });
    expect(new Set(replies)).toEqual(new Set([503]));
    for (const delivery of deliveries) {
      await expect.poll(async () => (await receive(delivery)).status, { timeout: 20_000 }).toBe(200);
    }
    await receiver.idle();
    const ran = runs.map(({ messageId }) => messageId);
    for (const { messageId } of deliveries) expect(ran.filter((id) => id === messageId)).toHaveLength(1);
  }, 90_000);
});

test("a server that is not there when the app starts: 503, and it begins when the server does", async () => {
  const server = await startPostgres();
  onTestFinished(() => server.stop());
  const connectionString = await server.createDatabase("late");
  await server.kill();
  const { receiver, runs, receive, refusals } = receiverOn({ connectionString });
  expect((await receive()).status).toBe(503);
  expect(refusals).toMatchObject([
    { code: "inbox_unavailable", hint: expect.stringContaining("start PostgreSQL") as string },
  ]);
  await server.start();
  await expect.poll(async () => (await receive()).status, { timeout: 20_000 }).toBe(200);
  await receiver.idle();
  expect(runs.length).toBeGreaterThan(0);
});

test.each(["connectionString", "pool"])(
  "a server that lets us in and dies at that moment, with { %s }: 503, and nothing unheard",
  async (name) => {
    // Its words of welcome and of parting come in one packet, as they do when the two are close.
    const words = (letter: string, content: string): Buffer => {
      const head = Buffer.alloc(5);
      head.write(letter);
      head.writeInt32BE(4 + content.length, 1);
      return Buffer.concat([head, Buffer.from(content, "latin1")]);
    };
    const parting = words(
      "E",
      "SFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0",
    );
    const packet = Buffer.concat([words("R", "\0\0\0\0"), words("Z", "I"), parting]);
    const server = createServer((socket) => {
      socket.on("error", () => {}).once("data", () => socket.end(packet));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const there = `postgres://u:p@127.0.0.1:${port}/d`;
    const options = await SOURCES[name]?.(there);
    const { receive, refusals } = receiverOn(options ?? {});
    for (let attempt = 0; attempt < 5; attempt++) expect((await receive()).status).toBe(503);
    expect(refusals[0]).toMatchObject({ code: "inbox_unavailable" });
  },
);

test.each([
  ["a wrong password", (url: URL) => (url.password = "wrong"), /password/],
  ["a database that is not there", (url: URL) => (url.pathname = "/none"), /create it/],
  ["a host that is not there", (url: URL) => (url.hostname = "none.invalid"), /host/],
])("%s: a clear error", async (_name, spoil, hint) => {
  const { connectionString } = await postgres.database();
  const url = new URL(connectionString);
  spoil(url);
  const { receive, refusals } = receiverOn({ connectionString: url.href });
  expect((await receive()).status).toBe(503);
  expect(refusals).toMatchObject([
    { code: "inbox_unavailable", hint: expect.stringMatching(hint) as string },
  ]);
  expect(JSON.stringify(log.mock.calls)).not.toContain(url.password);
});

test("a table that somebody locks: 503 within 8 s, nothing piles up at the server, and it goes on", async () => {
  const { connectionString, connect, sql } = await postgres.database();
  const { receiver, runs, receive } = receiverOn({ connectionString });
  await receive();
  await receiver.idle();
  const other = await connect();
  await other.query("BEGIN; LOCK TABLE diffio_webhooks.messages");
  const deliveries = Array.from({ length: 10 }, () => signed());
  const replies = await Promise.all(deliveries.map(async (delivery) => (await receive(delivery)).status));
  expect(new Set(replies)).toEqual(new Set([503]));
  await sleep(6000);
  // What nobody waits for any more, the server gives up as well.
  const abandoned = await sql(
    "SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() AND query_start < now() - interval '8 seconds'",
  );
  expect(abandoned).toEqual([]);
  await other.query("ROLLBACK");
  for (const delivery of deliveries) {
    await expect.poll(async () => (await receive(delivery)).status, { timeout: 20_000 }).toBe(200);
  }
  await receiver.idle();
  expect(runs).toHaveLength(11);
}, 60_000);

test("a commit whose answer never comes: 503, and what it stored is given back and run once", async () => {
  const { connectionString, sql } = await postgres.database();
  const way = await wayTo(connectionString);
  const { receiver, runs, errors, receive } = receiverOn({
    connectionString: way.connectionString,
    // Who waits for the lease to be over waits for longer than this test.
    leaseInSeconds: 300,
  });
  expect((await receive()).status).toBe(200);
  await receiver.idle();
  const delivery = signed();
  way.mute(true);
  expect((await receive(delivery)).status).toBe(503);
  expect(await sql("SELECT count(*)::int AS stored FROM diffio_webhooks.messages")).toEqual([{ stored: 2 }]);
  way.mute(false);
  await expect.poll(() => runs.length, { timeout: 15_000 }).toBe(2);
  expect(runs[1]).toMatchObject({ messageId: delivery.messageId, run: 1 });
  await expect.poll(async () => (await receive(delivery)).status, { timeout: 15_000 }).toBe(200);
  await receiver.idle();
  expect(runs).toHaveLength(2);
  expect(errors).toEqual([]);
}, 60_000);

/** A way to a server on which its answers can get lost. */
async function wayTo(
  connectionString: string,
): Promise<{ connectionString: string; mute(isMute: boolean): void }> {
  const there = new URL(connectionString);
  let isMute = false;
  const server = createServer((near) => {
    const far = createConnection(Number(there.port), there.hostname);
    near.on("error", () => far.destroy()).on("close", () => far.end());
    far.on("error", () => near.destroy()).on("close", () => near.end());
    near.on("data", (bytes) => void far.write(bytes));
    far.on("data", (bytes) => {
      if (!isMute) near.write(bytes);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return {
    connectionString: Object.assign(new URL(there), { port: String(port) }).href,
    mute: (muted) => {
      isMute = muted;
    },
  };
}

test("closing while the server is down ends, and keeps nothing alive", async () => {
  const server = await startPostgres();
  onTestFinished(() => server.stop());
  const { receiver, receive, runs } = receiverOn(
    { connectionString: await server.createDatabase("gone"), closeTimeoutInSeconds: 0.1 },
    { onAny: () => sleep(300) },
  );
  await receive();
  await expect.poll(() => runs.length).toBe(1);
  await server.kill();
  await receiver.close();
  expect(runs[0]?.context.signal.aborted).toBe(true);
  // The run is taken over when its lease is over.
  await server.start();
}, 60_000);
