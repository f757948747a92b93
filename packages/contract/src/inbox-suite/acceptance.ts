import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ControlError,
  type InboxEngine,
  type InboxStore,
  type RunningService,
  SERVICE_SECRETS,
  control,
} from "../inboxes.ts";
import {
  deadLetterOf,
  deliver,
  deliverAll,
  hashOf,
  idle,
  ledgerOf,
  message,
  messages,
  ok,
  runsOf,
} from "./driver.ts";

/** Taking messages once, and running them: what every inbox does. */
export function describeAcceptance(engine: InboxEngine): void {
  describe("a message", () => {
    let store: InboxStore;
    let service: RunningService;
    beforeAll(async () => {
      store = await engine.createStore();
      service = await store.start({ receivers: ["default", "other"] });
    });
    afterAll(() => store.remove());

    test("is answered 200 and run once, with all that it was delivered with", async () => {
      const one = message();
      const before = Math.floor(Date.now() / 1000) * 1000;
      const reply = await deliver(service, one, { secret: SERVICE_SECRETS.speech });
      expect({ status: reply.status, text: reply.text }).toEqual({ status: 200, text: '{"received":true}' });
      await idle(service);
      const { started, ended, failed } = await ledgerOf(store, one);
      expect(started).toMatchObject([
        {
          receiver: "default",
          run: 1,
          secretName: "speech",
          bodyHash: hashOf(one.body),
          hasPlatform: engine.name !== "cloudflareInbox",
        },
      ]);
      expect(started[0]?.timestamp).toBeGreaterThanOrEqual(before);
      expect({ ended: ended.length, failed }).toEqual({ ended: 1, failed: [] });
    });

    test.each(["{}", '{"success":true}', '{"eventType":"generation.archived"}', '{"eventType":5}'])(
      "%s is an unknown event: run once, and never a dead letter",
      async (body) => {
        const one = message("gen", body);
        for (let copy = 0; copy < 2; copy++) expect((await deliver(service, one)).status).toBe(200);
        await idle(service);
        expect((await ledgerOf(store, one)).started).toMatchObject([{ run: 1, bodyHash: hashOf(one.body) }]);
        expect((await deliver(service, one)).status).toBe(200);
        await idle(service);
        expect((await ledgerOf(store, one)).started).toHaveLength(1);
        if (engine.durable) expect(await deadLetterOf(service, one)).toBeUndefined();
      },
    );

    test.each([
      ["of 1 MiB", (body: string) => body + " ".repeat(1_048_576 - Buffer.byteLength(body))],
      [
        "of 200,000 characters in two to four bytes",
        (body: string) => `${body}${" ".repeat(3)}`.replace("gen", "é€😀".repeat(66_667)),
      ],
      ["with a byte order mark", (body: string) => `\uFEFF${body}`],
      [
        "with escapes, zeros and line ends of all kinds",
        (body: string) => body.replace("{", '{"x":"\\u0000\\"\\\\",\r\n\t'),
      ],
    ])("%s comes to its callback byte for byte", async (_name, change) => {
      const one = message("gen", change(Buffer.from(message("gen").body).toString()));
      expect((await deliver(service, one)).status).toBe(200);
      await idle(service);
      expect((await ledgerOf(store, one)).started).toMatchObject([{ run: 1, bodyHash: hashOf(one.body) }]);
    });

    test("delivered again when it is done: 200, and nothing runs", async () => {
      const one = message();
      for (let copy = 0; copy < 3; copy++) {
        expect((await deliver(service, one)).status).toBe(200);
        await idle(service);
      }
      expect(await runsOf(store, one)).toEqual([1]);
    });

    test("delivered again while it runs: 200, and no second run", async () => {
      const one = message("takes:300");
      for (let copy = 0; copy < 3; copy++) expect((await deliver(service, one)).status).toBe(200);
      await idle(service);
      expect(await runsOf(store, one)).toEqual([1]);
    });

    test("delivered 50 times at once: 50 times 200, and one run", async () => {
      const one = message();
      expect(
        await deliverAll(
          service,
          Array.from({ length: 50 }, () => one),
        ),
      ).toEqual(ok(50));
      await idle(service);
      expect(await runsOf(store, one)).toEqual([1]);
    });

    test.each(["is done at once", "takes:300"])(
      "delivered again with another signed body: 200, and the first one counts (%s)",
      async (plan) => {
        const first = message(plan);
        const other = { ...message("another body"), messageId: first.messageId };
        expect((await deliver(service, first)).status).toBe(200);
        expect((await deliver(service, other)).status).toBe(200);
        await idle(service);
        expect((await deliver(service, other)).status).toBe(200);
        await idle(service);
        expect((await ledgerOf(store, first)).started).toMatchObject([
          { run: 1, bodyHash: hashOf(first.body) },
        ]);
      },
    );

    test("whose event comes under two ids is two messages", async () => {
      const first = message();
      const second = { ...message(), body: first.body };
      expect(await deliverAll(service, [first, second])).toEqual(ok(2));
      await idle(service);
      expect(await runsOf(store, first)).toEqual([1]);
      expect(await runsOf(store, second)).toEqual([1]);
    });

    test("of one id for two receivers is two messages", async () => {
      const one = message();
      for (const receiver of ["default", "other"]) {
        expect((await deliver(service, one, { receiver })).status).toBe(200);
      }
      await idle(service);
      const { started } = await ledgerOf(store, one);
      expect(started.map(({ receiver }) => receiver).toSorted()).toEqual(["default", "other"]);
    });

    test("300 at once each run once", async () => {
      const many = messages(300);
      expect(await deliverAll(service, many)).toEqual(ok(300));
      await idle(service);
      for (const one of many) expect(await runsOf(store, one)).toEqual([1]);
    });

    test("two receivers of one name: refused when the second is made", async () => {
      await expect(control(service, "/open", { name: "default" })).rejects.toMatchObject({
        code: "invalid_option",
        hint: expect.stringMatching(/name/) as string,
      });
    });

    if (!engine.durable) return;
    test('acknowledge: "after-handlers" is refused when the receiver is made', async () => {
      const options = JSON.stringify({ acknowledge: "after-handlers" });
      const refused = await control(service, "/open", { name: "waits", options }).catch(
        (error: unknown) => error,
      );
      expect(refused).toBeInstanceOf(ControlError);
      expect(refused).toMatchObject({ code: "invalid_option", hint: expect.stringMatching(/./) as string });
    });
  });
}
