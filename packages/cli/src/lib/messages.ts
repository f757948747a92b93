import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { Message } from "@diffio-webhooks/simulator";
import { renderResult } from "./attempts.ts";
import { BIN, newGroup } from "./command.ts";
import { readCount } from "./input.ts";
import { bold, createOutput, green, grey, plain, red, yellow } from "./output.ts";
import { newSimulatorCommand, simulatorOf } from "./simulator-command.ts";
import { renderRows } from "./table.ts";

/** `messages`: what the simulator sent, and what came of it. */
export function messagesCommand(): CommandUnknownOpts {
  return newGroup(
    "messages",
    {
      description: "The messages that the simulator sent, and their attempts.",
      examples: ["messages list --state failed", "messages show msg_…"],
    },
    [listCommand(), showCommand()],
  );
}

function listCommand(): CommandUnknownOpts {
  return newSimulatorCommand("list", {
    description: "List them, newest first.",
    examples: [
      "messages list",
      "messages list --state failed --limit 10",
      "messages list --json | jq -r .id",
    ],
  })
    .option("--limit <count>", "at most so many", readCount, 50)
    .option("--before <id>", "only those older than this message")
    .option("--endpoint <id>", "only those for this endpoint")
    .option("--event-type <type>", "only those of this type")
    .addOption(
      new Option("--state <state>", "only those that stand so").choices([
        "pending",
        "succeeded",
        "failed",
      ] as const),
    )
    .action(async ({ limit, before, endpoint, eventType, state, ...options }) => {
      const output = createOutput(options);
      const filter = { limit, before, endpointId: endpoint, eventType, state };
      const messages = await simulatorOf(options).messages.list(filter);
      for (const message of messages) output.record(message, undefined);
      const isNarrowed = [before, endpoint, eventType, state].some((one) => one !== undefined);
      const none = isNarrowed
        ? "None that is so."
        : `None yet: send one with ${BIN} trigger generation.completed.`;
      output.say(messages.length === 0 ? none : renderRows(messages.map(toRow)));
    });
}

function showCommand(): CommandUnknownOpts {
  return newSimulatorCommand("show", {
    description: "Show one with its attempts: what was answered, and what to do about it.",
    examples: ["messages show msg_…", "messages show msg_… --json | jq .attempts"],
  })
    .argument("<id>", "msg_…")
    .action(async (id, options) => {
      const message = await simulatorOf(options).messages.get(id);
      createOutput(options).record(message, renderMessage(message));
    });
}

function toRow(message: Message): string[] {
  const { id, eventType, createdAt, attempts } = message;
  return [
    id,
    renderStates(message),
    plain(eventType),
    createdAt.toISOString(),
    `${attempts.length} attempts`,
  ];
}

function renderStates({ destinations }: Message): string {
  const states = destinations.map(({ state }) => state);
  if (states.includes("failed")) return red("failed");
  if (states.includes("pending")) return yellow("pending");
  return states.length === 0 ? grey("no endpoint") : green("succeeded");
}

function renderMessage(message: Message): string {
  const { id, eventType, mode, createdAt, fault, body, attempts, destinations } = message;
  const about = [mode, createdAt.toISOString(), ...(fault === null ? [] : [`fault: ${fault}`])].join(", ");
  return [
    `${bold(id)}  ${plain(eventType)}  ${renderStates(message)}`,
    grey(about),
    plain(body),
    ...attempts.map((attempt) => {
      const { succeeded, at, url, trigger, advice, responseBody } = attempt;
      const line = `${succeeded ? green("✓") : red("✗")} ${at.toISOString()}  ${plain(url)}  ${renderResult(attempt)}`;
      const more = [
        trigger === "manual" ? "by hand" : "",
        plain(responseBody).slice(0, 200),
        advice === null ? "" : `→ ${advice}`,
      ];
      return [line, ...more.filter((one) => one !== "").map((one) => grey(`  ${one}`))].join("\n");
    }),
    ...destinations.flatMap(({ endpointId, nextAttemptAt }) =>
      nextAttemptAt === null
        ? []
        : [`${yellow("…")} next attempt to ${endpointId} at ${nextAttemptAt.toISOString()}`],
    ),
  ].join("\n");
}
