import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DiffioEvent, memoryInbox } from "@diffio-webhooks/core";
import { sqliteInbox } from "@diffio-webhooks/inbox-sqlite";
import { afterEach, describe, expect, test } from "vitest";
import { payload, signedRequest } from "../deliveries.ts";
import { SECRETS } from "../servers/fixture.ts";
import type { HostOptions } from "./apps.ts";
import type { Host, RunningHost } from "./host.ts";

const OK = { status: 200, text: '{"received":true}' };

/** Acknowledged means run: on every host, whatever its responses emit. */
export function describeHost(host: Host): void {
  describe(host.name, () => {
    let running: RunningHost | undefined;
    let folder: string | undefined;
    afterEach(async () => {
      await running?.receiver.close();
      await running?.stop?.();
      running = undefined;
      if (folder !== undefined) rmSync(folder, { recursive: true });
      folder = undefined;
    });

    async function start(options: HostOptions = {}) {
      const runs: string[] = [];
      const refusals: { code: string; hint?: string | undefined }[] = [];
      running = await host.start({
        signingSecret: SECRETS.current,
        onAny: (_event, { messageId }) => void runs.push(messageId),
        onError: () => {},
        onRejected: ({ code, hint }) => void refusals.push({ code, hint }),
        ...options,
      });
      return { ...running, runs, refusals };
    }

    test("a signed delivery is answered 200, and run", async () => {
      const { deliver, receiver, runs, refusals } = await start();
      const request = signedRequest(payload({ errorDetails: "é日本" }));
      expect({ ...(await deliver(request)), refusals }).toMatchObject({ ...OK, refusals: [] });
      await receiver.idle();
      expect(runs).toEqual([request.messageId]);
    });

    test("a forged one is refused, and not run", async () => {
      const { deliver, receiver, runs } = await start();
      const forged = signedRequest(payload(), { secrets: [SECRETS.foreign] });
      expect(await deliver(forged)).toMatchObject({ status: 400, text: '{"error":"no_matching_signature"}' });
      await receiver.idle();
      expect(runs).toEqual([]);
    });

    test("20 copies at once run once", async () => {
      const { deliver, receiver, runs } = await start();
      const request = signedRequest(payload());
      const replies = await Promise.all(Array.from({ length: 20 }, () => deliver(request)));
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
      await receiver.idle();
      expect(runs).toEqual([request.messageId]);
    });

    test("its places come free again: 60 deliveries into an inbox with room for 10", async () => {
      const inbox = memoryInbox({ concurrency: 5, maxWaiting: 5 });
      const { deliver, receiver, runs } = await start({ inbox });
      for (let batch = 0; batch < 6; batch++) {
        const requests = Array.from({ length: 10 }, () => signedRequest(payload()));
        const replies = await Promise.all(requests.map((request) => deliver(request)));
        expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
        await receiver.idle();
      }
      expect(runs).toHaveLength(60);
    });

    test('acknowledge: "after-handlers": the reply says how it went', async () => {
      let fails = true;
      const { deliver, receiver } = await start({
        acknowledge: "after-handlers",
        onAny: async (_event: DiffioEvent) => {
          if (fails) throw new Error("Not yet.");
        },
      });
      const request = signedRequest(payload());
      expect(await deliver(request)).toMatchObject({ status: 500, text: '{"error":"handler_failed"}' });
      fails = false;
      expect(await deliver(request)).toMatchObject(OK);
      await receiver.idle();
    });

    test("with a durable inbox: run, done, and closed", async () => {
      folder = mkdtempSync(join(tmpdir(), "diffio-hosts-"));
      const inbox = sqliteInbox({ path: join(folder, "inbox.db") });
      const { deliver, receiver, runs } = await start({ inbox });
      const request = signedRequest(payload());
      expect(await deliver(request)).toMatchObject(OK);
      await receiver.idle();
      expect(runs).toEqual([request.messageId]);
      expect(await inbox.counts()).toMatchObject({ pending: 0, running: 0, done: 1, dead: 0 });
    });
  });
}
