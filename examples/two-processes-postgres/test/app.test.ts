import { type PostgresServer, startPostgres } from "@diffio-webhooks/test-support/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ENV, completed } from "../../example-suite.ts";
import { type RunningExample, startExample } from "../../start-example.ts";

const IDS = Array.from({ length: 40 }, (_, index) => `gen_${String(index).padStart(2, "0")}`);

describe("two processes on one PostgreSQL", () => {
  let server: PostgresServer;
  let processes: RunningExample[] = [];
  let urls: string[] = [];

  async function start(): Promise<void> {
    const env = { ...ENV, DATABASE_URL: await server.createDatabase("app") };
    processes = [1, 2].map(() => startExample(new URL("..", import.meta.url), ["src/server.ts"], env));
    urls = await Promise.all(
      processes.map(async (one) => (await one.waitFor(/http:\S+\/webhooks\/diffio/))[0]),
    );
  }

  beforeAll(async () => {
    server = await startPostgres();
    await start();
  });
  afterAll(async () => {
    await Promise.all(processes.map((one) => one.stop()));
    await server.stop();
  });

  async function deliver(url: string, generationId: string): Promise<number> {
    const { headers, body } = completed(`msg_${generationId}`, generationId);
    const reply = await fetch(url, { method: "POST", headers, body });
    await reply.text();
    return reply.status;
  }

  /** What both have run, as they tell it. */
  const runs = (): string[] =>
    processes.flatMap((one) => [...one.output().matchAll(/completed (\w+)/g)].map(([, id = ""]) => id));

  test("copies of each message reach both, and each runs once", async () => {
    const copies = IDS.flatMap((id) => urls.flatMap((url) => [deliver(url, id), deliver(url, id)]));
    expect(new Set(await Promise.all(copies))).toEqual(new Set([200]));
    await expect.poll(() => runs().length, { timeout: 20_000 }).toBeGreaterThanOrEqual(IDS.length);
    expect(new Set(await Promise.all(urls.map((url) => deliver(url, "gen_00"))))).toEqual(new Set([200]));
    expect(runs().toSorted((a, b) => a.localeCompare(b))).toEqual(IDS);
  });

  test("one that is told to stop leaves what waits to the other: nothing is lost, nothing runs twice", async () => {
    const [first, second] = urls as [string, string];
    const more = Array.from({ length: 60 }, (_, index) => `gen_more_${index}`);
    expect(new Set(await Promise.all(more.map((id) => deliver(first, id))))).toEqual(new Set([200]));
    expect(await processes[0]?.stop("SIGTERM")).toBe(0);
    expect(await deliver(second, "gen_last")).toBe(200);
    const all = [...IDS, ...more, "gen_last"];
    await expect.poll(() => runs().length, { timeout: 20_000 }).toBeGreaterThanOrEqual(all.length);
    expect(new Set(runs())).toEqual(new Set(all));
    expect(runs()).toHaveLength(all.length);
  });
});
