import { PATH, forged, signed } from "@diffio-webhooks/test-support/deliveries";
import { SECRET } from "@diffio-webhooks/test-support/signing";
import fastify from "fastify";
import { expect, onTestFinished, test, vi } from "vitest";
import { type FastifyWebhooksOptions, diffioWebhooks, memoryInbox } from "../src/index.ts";

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly reqId?: string;
  readonly code?: string;
  readonly messageId?: string;
  readonly err?: { readonly message: string };
}

async function appWith(options: Partial<FastifyWebhooksOptions> = {}) {
  const lines: Line[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };
  const app = fastify({ logger: { level: "debug", stream } });
  onTestFinished(() => app.close());
  await app.register(diffioWebhooks, { path: PATH, signingSecret: SECRET, ...options });
  return {
    lines: () => lines.filter(({ msg }) => /refused a delivery|failed;/.test(msg)),
    all: () => JSON.stringify(lines),
    async deliver({ headers, body }: ReturnType<typeof signed>) {
      const { statusCode } = await app.inject({ method: "POST", url: PATH, headers, payload: body });
      await app.diffioWebhooks?.get(PATH)?.idle();
      return statusCode;
    },
  };
}

test("refusals go to the request's log: the first of each code as a warning with its hint, the others at debug", async () => {
  const { deliver, lines } = await appWith();
  for (let count = 0; count < 3; count++) expect(await deliver(forged())).toBe(400);
  expect(lines().map(({ level, code }) => [level, code])).toEqual([
    [40, "no_matching_signature"],
    [20, "no_matching_signature"],
    [20, "no_matching_signature"],
  ]);
  expect(lines()[0]?.msg).toMatch(/forged.*secret/);
  expect(lines()[0]?.reqId).toMatch(/req/);
});

test("failed runs go to the request's log, without body, secret or signature", async () => {
  const { deliver, lines, all } = await appWith({
    inbox: memoryInbox({ maxRuns: 2, backoffInSeconds: 0 }),
    onAny: () => {
      throw new Error("The disk is full.");
    },
  });
  const delivery = signed();
  expect(await deliver(delivery)).toBe(200);
  expect(lines()).toMatchObject([
    { level: 50, messageId: delivery.messageId, err: { message: "The disk is full." } },
    { level: 50, messageId: delivery.messageId, msg: expect.stringMatching(/will not be retried/) as string },
  ]);
  for (const secret of [SECRET.slice(6), delivery.headers["svix-signature"] ?? "", "proj_"]) {
    expect(all()).not.toContain(secret);
  }
});

test("hooks of the app's own take their place, and an undefined one does not", async () => {
  const refusals: string[] = [];
  const { deliver, lines } = await appWith({
    onRejected: ({ code }) => void refusals.push(code),
    onError: undefined,
  });
  expect(await deliver(forged())).toBe(400);
  expect([refusals, lines()]).toEqual([["no_matching_signature"], []]);
});

test("without a logger, both go to the console as elsewhere: nothing fails unseen", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const error = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => void vi.restoreAllMocks());
  const app = fastify();
  onTestFinished(() => app.close());
  const onAny = (): void => {
    throw new Error("The disk is full.");
  };
  await app.register(diffioWebhooks, {
    path: PATH,
    signingSecret: SECRET,
    inbox: memoryInbox({ maxRuns: 1 }),
    onAny,
  });
  for (const { headers, body } of [signed(), forged()]) {
    await app.inject({ method: "POST", url: PATH, headers, payload: body });
  }
  await app.diffioWebhooks?.get(PATH)?.idle();
  expect(warn).toHaveBeenCalledOnce();
  expect(error).toHaveBeenCalledOnce();
});

test("a context that an app's own hook logs holds no body, no event and nothing of the platform", async () => {
  const { deliver, all } = await appWith({
    inbox: memoryInbox({ maxRuns: 1 }),
    onAny: () => {
      throw new Error("The disk is full.");
    },
    onError: (err, context) => context.platform?.request.log.error({ err, context }, "it failed;"),
  });
  const delivery = signed();
  expect(await deliver(delivery)).toBe(200);
  expect(all()).toContain(`"context":{"messageId":"${delivery.messageId}"`);
  expect(all()).not.toMatch(/rawBody|generationId|proj_|"platform"|svix-signature/);
});
