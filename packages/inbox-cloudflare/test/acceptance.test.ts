import { describe, expect, test } from "vitest";
import { eventually, message, startService } from "./support/service.ts";

describe("a message", () => {
  test("that arrives 100 times at once is one message, and runs once", async () => {
    const service = await startService();
    const one = message("takes:200");

    const statuses = await Promise.all(Array.from({ length: 100 }, () => service.deliver(one)));

    expect(new Set(statuses)).toEqual(new Set([200]));
    await service.control("/idle");
    expect(await service.deliver(one)).toBe(200);
    await service.control("/idle");
    expect(service.runs(one)).toEqual([1]);
    expect(await service.control("/counts")).toMatchObject({ done: 1, pending: 0 });
    expect(service.log().filter(({ what }) => what === "queued")).toHaveLength(1);
  });

  test.each([
    ["1 MiB", 1_048_576],
    ["5 MiB and a byte, which takes several rows", 5 * 1_048_576 + 1],
  ])(
    "of %s comes to its callback byte for byte, and no byte of it goes through the queue",
    async (_size, bytes) => {
      const service = await startService();
      const one = message("is done", bytes);

      expect(await service.deliver(one)).toBe(200);

      await service.control("/idle");
      const [queued, started] = service.log();
      expect(queued).toEqual({ what: "queued", body: { diffioInbox: 1 }, attempts: 1 });
      expect(started).toMatchObject({ what: "started", bytes, hash: one.hash });
    },
  );
});

describe("a queue that takes nothing", () => {
  test("answers 503; a resend queues the message once the queue takes it, and it runs once", async () => {
    const service = await startService({ inbox: { leaseInSeconds: 60 } });
    const one = message();
    await service.faults({ queueRefuses: true });

    const refused = await Promise.all([1, 2, 3].map(() => service.deliver(one)));
    expect(refused).toEqual([503, 503, 503]);
    expect(await service.deliver(one)).toBe(503);
    expect(service.log().filter(({ what }) => what === "rejected")).toHaveLength(4);
    expect(service.log()[0]).toMatchObject({
      code: "inbox_unavailable",
      cause: "Error: Error: Too Many Requests",
      hint: expect.stringMatching(/resend/) as string,
    });
    expect(await service.control("/counts")).toMatchObject({ pending: 1 });

    await service.faults({});
    expect(await service.deliver(one)).toBe(200);
    await service.control("/idle");
    expect(service.runs(one)).toEqual([1]);
  });

  test("holds up no message: the inbox queues it by itself, without any resend", async () => {
    const service = await startService({ inbox: { leaseInSeconds: 60 } });
    const one = message();
    await service.faults({ queueRefuses: true });
    expect(await service.deliver(one)).toBe(503);

    await service.faults({});
    await eventually(() => service.runs(one)).toEqual([1]);
    expect(await service.deliver(one)).toBe(200);
    await service.control("/idle");
    expect(service.runs(one)).toEqual([1]);
  });
});

describe("bindings", () => {
  test("without the Durable Object: 503, and a hint that names what to add to wrangler.jsonc", async () => {
    const service = await startService({}, { objects: {} });

    expect(await service.deliver(message())).toBe(503);
    expect(service.log()).toMatchObject([
      {
        what: "rejected",
        code: "inbox_unavailable",
        hint: expect.stringMatching(/DIFFIO_INBOX.*wrangler/) as string,
      },
    ]);
  });

  test("without the queue: 503, and the cause names it", async () => {
    const service = await startService({ inbox: { queue: "OTHER_QUEUE" } });

    expect(await service.deliver(message())).toBe(503);
    expect(service.log()).toMatchObject([
      { code: "inbox_unavailable", cause: expect.stringMatching(/OTHER_QUEUE.*wrangler/) as string },
    ]);
  });
});
