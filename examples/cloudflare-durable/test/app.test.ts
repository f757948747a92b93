import { mkdtempSync, rmSync } from "node:fs";
import { devNull, tmpdir } from "node:os";
import { join } from "node:path";
import { signed } from "@diffio-webhooks/test-support/deliveries";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { ENV, describeExample } from "../../example-suite.ts";
import { type RunningExample, startExample } from "../../start-example.ts";

const ADMIN_TOKEN = "open-sesame";
const scratch = mkdtempSync(join(tmpdir(), "diffio-webhooks-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Without the network: no update check, no metrics, no sample of `request.cf`. */
function wrangler(...args: readonly string[]): RunningExample {
  return startExample(new URL("..", import.meta.url), ["node_modules/wrangler/bin/wrangler.js", ...args], {
    CI: "1",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    DIFFIO_WEBHOOK_SECRET: ENV.DIFFIO_WEBHOOK_SECRET,
    ADMIN_TOKEN,
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_SEND_METRICS: "false",
    XDG_CONFIG_HOME: scratch,
  });
}

interface Inbox {
  counts: unknown;
  deadLetters: { id: string; messageId: string }[];
}

describeExample(
  // An empty env file, so that no .dev.vars of a developer's counts; a store of its own, and empty.
  () =>
    wrangler(
      "dev",
      "--local",
      "--port=0",
      "--inspector-port=0",
      `--env-file=${devNull}`,
      `--persist-to=${scratch}/state`,
    ),
  /http:[\w./:]+/,
  (underTest) => {
    test("keeps what cannot be read for later, and shows and replays it", async () => {
      const { example, deliver } = underTest();
      const noEvent = signed('{"eventType":"generation.completed"}');
      expect((await deliver(noEvent)).status).toBe(200);

      const [origin] = await example.waitFor(/http:[\w./:]+/);
      const admin = (path: string, init: RequestInit = {}, token = ADMIN_TOKEN): Promise<Response> =>
        fetch(new URL(path, origin), { ...init, headers: { authorization: `Bearer ${token}` } });
      expect((await admin("/admin/inbox", {}, "guess")).status).toBe(401);
      const inbox = async (): Promise<Inbox> => (await (await admin("/admin/inbox")).json()) as Inbox;
      const { counts, deadLetters } = await inbox();
      expect(counts).toMatchObject({ pending: 0, dead: 1 });
      expect(deadLetters).toMatchObject([{ messageId: noEvent.messageId, runs: 0 }]);

      const replay = await admin(`/admin/dead-letters/${deadLetters[0]?.id}/replay`, { method: "POST" });
      expect(replay.status).toBe(204);
      await expect.poll(inbox, { timeout: 20_000 }).toMatchObject({ deadLetters: [{ runs: 1 }] });
    });
  },
);

test("can be deployed", async () => {
  const deploy = wrangler("deploy", "--dry-run", `--outdir=${scratch}/dist`);
  onTestFinished(async () => void (await deploy.stop()));
  expect(await deploy.ended).toBe(0);
  expect(deploy.output()).toMatch(/DIFFIO_QUEUE/);
  expect(deploy.output()).toMatch(/DIFFIO_INBOX/);
});
