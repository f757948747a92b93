import { mkdtempSync, rmSync } from "node:fs";
import { devNull, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { ENV, describeExample } from "../../example-suite.ts";
import { type RunningExample, startExample } from "../../start-example.ts";

const scratch = mkdtempSync(join(tmpdir(), "diffio-webhooks-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Without the network: no update check, no metrics, no sample of `request.cf`. */
function wrangler(...args: readonly string[]): RunningExample {
  return startExample(new URL("..", import.meta.url), ["node_modules/wrangler/bin/wrangler.js", ...args], {
    CI: "1",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    DIFFIO_WEBHOOK_SECRET: ENV.DIFFIO_WEBHOOK_SECRET,
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_SEND_METRICS: "false",
    XDG_CONFIG_HOME: scratch,
  });
}

describeExample(
  // An empty env file, so that no .dev.vars of a developer's counts.
  () => wrangler("dev", "--local", "--port=0", "--inspector-port=0", `--env-file=${devNull}`),
  /http:[\w./:]+/,
);

test("can be deployed", async () => {
  const deploy = wrangler("deploy", "--dry-run", `--outdir=${scratch}/dist`);
  onTestFinished(async () => void (await deploy.stop()));
  expect(await deploy.ended).toBe(0);
});
