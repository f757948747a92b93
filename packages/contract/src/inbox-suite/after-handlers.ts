import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DeathPoint } from "../inbox-service/service.ts";
import { type InboxEngine, type InboxStore, type RunningService, control } from "../inboxes.ts";
import { deliver, ledgerOf, message, runsOf } from "./driver.ts";

/** `acknowledge: "after-handlers"`: the sender's retries are the retries, a death included. */
export function describeAfterHandlers(engine: InboxEngine): void {
  describe("a process that dies before it has acknowledged", () => {
    let store: InboxStore;
    beforeEach(async () => {
      store = await engine.createStore();
    });
    afterEach(() => store.remove());

    const receiver = "waits";
    async function start(): Promise<RunningService> {
      const service = await store.start({ receivers: [] });
      const options = JSON.stringify({ acknowledge: "after-handlers" });
      await control(service, "/open", { name: receiver, options });
      return service;
    }

    test.each<[string, DeathPoint, effects: number]>([
      ["before the effect", "during a run", 1],
      ["after the effect", "after the effect, before done", 2],
    ])("%s: the redelivery runs again", async (_name, at, effects) => {
      const one = message();
      const dying = await start();
      await control(dying, "/die", { at, after: "0" });
      await expect(deliver(dying, one, { receiver })).rejects.toThrow();
      await dying.process?.exited;

      const next = await start();
      expect((await deliver(next, one, { receiver })).status).toBe(200);
      expect(await runsOf(store, one)).toEqual([1, 1]);
      expect((await ledgerOf(store, one)).ended).toHaveLength(effects);
      // From then on it is known.
      expect((await deliver(next, one, { receiver })).status).toBe(200);
      expect(await runsOf(store, one)).toEqual([1, 1]);
    });
  });
}
