import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { ReceivedDelivery, TestUrl } from "@diffio-webhooks/simulator";
import { newGroup } from "./command.ts";
import { readCount } from "./input.ts";
import { bold, createOutput, green, grey, plain, red } from "./output.ts";
import { newSimulatorCommand, simulatorOf } from "./simulator-command.ts";
import { renderRows } from "./table.ts";

/** `test-urls`: temporary URLs that keep what arrives. */
export function testUrlsCommand(): CommandUnknownOpts {
  return newGroup(
    "test-urls",
    {
      description: "Temporary test URLs that keep what arrives, and say whether it verifies.",
      examples: ["test-urls create --endpoint", "test-urls list", "test-urls show in_…"],
    },
    [createCommand(), listCommand(), showCommand(), removeCommand()],
  );
}

function createCommand(): CommandUnknownOpts {
  return newSimulatorCommand("create", {
    description: "Make a test URL.",
    examples: [
      "test-urls create --endpoint",
      "test-urls create --secret whsec_…  # for deliveries of another sender",
    ],
  })
    .option("--endpoint", "make an endpoint, too, that points to it")
    .option("--secret <secret>", "to verify with; that of the endpoints that point to it without it")
    .action(async ({ endpoint, secret, ...options }) => {
      const simulator = simulatorOf(options);
      const testUrl = await simulator.testUrls.create({ signingSecret: secret });
      if (endpoint) await simulator.endpoints.create({ url: testUrl.url, signingSecret: secret });
      createOutput(options).record(testUrl, `${green("✓")} ${bold(testUrl.id)}  ${testUrl.url}`);
    });
}

function listCommand(): CommandUnknownOpts {
  return newSimulatorCommand("list", {
    description: "List the test URLs.",
    examples: ["test-urls list"],
  }).action(async (options) => {
    const output = createOutput(options);
    const testUrls = await simulatorOf(options).testUrls.list();
    for (const testUrl of testUrls) output.record(testUrl, undefined);
    output.say(
      testUrls.length === 0
        ? "None yet: make one with diffio-webhooks test-urls create --endpoint."
        : renderRows(testUrls.map(({ id, url, createdAt }: TestUrl) => [id, url, createdAt.toISOString()])),
    );
  });
}

function showCommand(): CommandUnknownOpts {
  return newSimulatorCommand("show", {
    description: "Show what arrived, newest first: headers, body, and whether it verifies; if not, why.",
    examples: ["test-urls show in_…", "test-urls show in_… --limit 1 --json"],
  })
    .argument("<id>", "in_…")
    .option("--limit <count>", "at most so many", readCount, 10)
    .action(async (id, { limit, ...options }) => {
      const output = createOutput(options);
      const deliveries = (await simulatorOf(options).testUrls.deliveries(id)).slice(0, limit);
      for (const { body, ...delivery } of deliveries) {
        const record = { ...delivery, bodyBase64: Buffer.from(body).toString("base64") };
        output.record(record, `${renderDelivery(delivery, body)}\n`);
      }
      if (deliveries.length === 0) output.say("Nothing has arrived.");
    });
}

function removeCommand(): CommandUnknownOpts {
  return newSimulatorCommand("remove", {
    description: "Remove a test URL, with all that arrived.",
    examples: ["test-urls remove in_…"],
  })
    .argument("<id>", "in_…")
    .action(async (id, options) => {
      await simulatorOf(options).testUrls.remove(id);
      createOutput(options).record({ id, removed: true }, `${green("✓")} ${plain(id)} is removed.`);
    });
}

function renderDelivery(
  { method, headers, receivedAt, bodyIsCut, verified, findings }: Omit<ReceivedDelivery, "body">,
  body: Uint8Array,
): string {
  return [
    `${verified ? `${green("✓")} authentic` : `${red("✗")} does not verify`}  ${grey(receivedAt.toISOString())}`,
    ...findings.flatMap(({ code, message, hint }) => [
      `  ${message} ${grey(`(${code})`)}`,
      ...(hint ? [`  → ${hint}`] : []),
    ]),
    grey(plain(method)),
    ...headers.map(([name, value]) => grey(plain(`${name}: ${value}`))),
    plain(Buffer.from(body).toString("utf8")) + (bodyIsCut ? grey(" (cut)") : ""),
  ].join("\n");
}
