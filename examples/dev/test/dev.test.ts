import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createSimulatorClient } from "@diffio-webhooks/simulator/client";
import { expect, onTestFinished, test, vi } from "vitest";
import { startExample } from "../../start-example.ts";

vi.setConfig({ testTimeout: 120_000 });

test("the simulator delivers to every example app, and Ctrl-C ends them all", async () => {
  const dev = startExample(new URL("..", import.meta.url), ["src/dev.ts", "--port", "0"], {});
  onTestFinished(async () => void (await dev.stop("SIGKILL")));
  const [, url = ""] = await dev.waitFor(/^portal\s+(http:\S+)$/m);
  await expect.poll(() => dev.output().match(/receives at/g)?.length, { timeout: 60_000 }).toBe(4);

  const client = createSimulatorClient({ url });
  const samplePayload = { generationId: "gen_dev" };
  const { svixMessageId } = await client.sendTestEvent({ eventType: "generation.completed", samplePayload });
  await client.idle();
  const { attempts } = await client.messages.get(svixMessageId);
  expect(attempts.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200]);
  for (const name of ["express", "fastify", "hono", "worker"]) {
    await dev.waitFor(new RegExp(`^${name}\\s+completed gen_dev`, "m"));
  }
  expect(await dev.stop("SIGINT")).toBe(0);
  await expect(client.info()).rejects.toMatchObject({ code: "not_reachable" });
});

test("a port that is taken: told, with what to type", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const dev = startExample(new URL("..", import.meta.url), ["src/dev.ts", "--port", String(port)], {});
  await dev.waitFor(/EADDRINUSE.*pnpm@12 dev --port 0$/m);
});
