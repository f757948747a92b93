/** Runs the quick start of the Redis inbox as it stands in its README; only the port is another. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { hasRedisServer, startRedis } from "@diffio-webhooks/test-support/redis";
import { expect, onTestFinished, test } from "vitest";
import { payload, signedRequest } from "../src/deliveries.ts";
import { send } from "../src/http.ts";
import { SECRETS } from "../src/servers/fixture.ts";

test.skipIf(!hasRedisServer)("the quick start receives, runs, and ends by itself at SIGTERM", async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.remove());
  const readme = readFileSync(join(import.meta.dirname, "../../inbox-redis/README.md"), "utf8");
  const code = /## Quick start\n\n```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  expect(code).toContain("app.listen(3000)");
  // Inside this package, so that its dependencies are found.
  const folder = mkdtempSync(join(import.meta.dirname, "../.readme-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "app.ts");
  const telling = "app.listen(0, function () { console.log(this.address().port) })";
  writeFileSync(file, code.replace("app.listen(3000)", telling));

  const child = spawn(process.execPath, [file], {
    env: { ...process.env, DIFFIO_WEBHOOK_SECRET: SECRETS.current, REDIS_URL: redis.url },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const port = String((await lines.next()).value);
  const request = signedRequest(payload({ generationId: "gen_1" }), { path: "/webhooks/diffio" });
  expect((await send(`http://127.0.0.1:${port}`, request)).status).toBe(200);
  expect((await lines.next()).value).toBe("gen_1 is ready");
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
});
