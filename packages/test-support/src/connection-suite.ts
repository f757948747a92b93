import { describe, expect, test } from "vitest";
import { blockingClient } from "./blocking-client.ts";
import { keptAliveClient, post, sendAndLeave } from "./connections.ts";
import { forged, signed } from "./deliveries.ts";
import { type RecorderOptions, recorder } from "./recorder.ts";
import { pause, settledSoon } from "./waiting.ts";

/** How an adapter's connections are tested. */
export interface ConnectionSuite<Middleware> {
  /** Serves an app with a receiver behind the middleware until the test is over. */
  serve(
    options: RecorderOptions & { maxBodyBytes?: number },
    before: readonly Middleware[],
  ): Promise<{ url: string; receiver: { idle(): Promise<void>; close(): Promise<void> } }>;
  /** Middleware, by name, that lets the reply leave late. */
  readonly endsLate: Readonly<Record<string, readonly Middleware[]>>;
  /** Middleware, by name, that takes between 0 and 300 ms to let a request through. */
  readonly isSlow: Readonly<Record<string, readonly Middleware[]>>;
}

/** What must hold on a connection to any adapter's server. */
export function describeConnections<Middleware>({
  serve,
  endsLate,
  isSlow,
}: ConnectionSuite<Middleware>): void {
  describe("a callback that blocks starts only when the reply has left", () => {
    test.each(Object.entries({ nothing: [], ...endsLate }))("behind %s", async (_name, before) => {
      const client = blockingClient();
      let repliedFirst: boolean | undefined;
      const { options } = recorder();
      const onAny = (): void => {
        repliedFirst = client.blockUntilReplied();
      };
      const { url, receiver } = await serve({ ...options, onAny }, before);

      expect(await client.send(url, signed())).toBe(200);
      await receiver.idle();
      expect(repliedFirst).toBe(true);
    });
  });

  test("a connection is kept through accepted and refused deliveries, and a 413 of a body sent whole", async () => {
    const { runs, refusals, options } = recorder();
    const { url, receiver } = await serve({ ...options, maxBodyBytes: 1024 }, []);
    const send = keptAliveClient(url);
    const accepted = [signed(), signed(), signed(), signed()] as const;

    const replies = [
      await send(accepted[0]),
      await send(accepted[1]),
      await send(forged()),
      await send(accepted[2]),
      await send(signed("x".repeat(200_000))),
      await send(accepted[3]),
    ];

    expect(replies).toEqual([
      { status: 200, reused: false },
      { status: 200, reused: true },
      { status: 400, reused: true },
      { status: 200, reused: true },
      { status: 413, reused: true },
      { status: 200, reused: true },
    ]);
    await receiver.idle();
    expect(runs).toEqual(accepted.map(({ messageId }) => messageId));
    expect(refusals.map(({ code }) => code)).toEqual(["no_matching_signature", "body_too_large"]);
  });

  describe("a client that sends all and goes away", () => {
    test("its message runs once, and a resend runs nothing", async () => {
      const { runs, options } = recorder();
      const { url, receiver } = await serve(options, []);
      const delivery = signed();

      await sendAndLeave(url, delivery);
      await expect.poll(() => runs).toEqual([delivery.messageId]);
      expect(await post(url, delivery)).toBe(200);
      await receiver.idle();
      expect(runs).toEqual([delivery.messageId]);
    });

    test.each(Object.entries(isSlow))(
      "before %s has let it through: nothing hangs, and it runs once, at the resend at the latest",
      async (_name, before) => {
        const { runs, options } = recorder();
        const { url, receiver } = await serve(options, before);
        const delivery = signed();

        await sendAndLeave(url, delivery);
        await pause(300);
        expect(await settledSoon(receiver.idle())).toBe("settled");
        expect(await post(url, delivery)).toBe(200);
        expect(await settledSoon(receiver.idle())).toBe("settled");
        expect(runs).toEqual([delivery.messageId]);
        expect(await settledSoon(receiver.close())).toBe("settled");
      },
    );
  });
}
