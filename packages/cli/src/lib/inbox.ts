import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { DurableInbox, MessageDetails, MessageState, MessageSummary } from "@diffio-webhooks/core";
import type { StoreInbox } from "@diffio-webhooks/core/inbox";
import { JSON_OPTION, newCommand, newGroup } from "./command.ts";
import { usageError } from "./exit.ts";
import { readCount, readTime } from "./input.ts";
import { type InboxFlags, POSTGRES, SQLITE, withInbox } from "./open-inbox.ts";
import { bold, createOutput, green, grey, plain, red } from "./output.ts";

const STATES = ["pending", "running", "done", "dead", "discarded"] as const satisfies MessageState[];
const RECEIVER = new Option("--receiver <name>", "of this receiver");

/** `inbox`: the messages of a durable inbox, and its receivers. */
export function inboxCommand(): CommandUnknownOpts {
  return newGroup(
    "inbox",
    {
      description: "See, replay or remove the messages of a durable inbox; pause and resume its receivers.",
      examples: [
        "inbox messages --state pending --sqlite inbox.db",
        "inbox show msg_… --postgres postgres://localhost/app",
        "inbox pause --sqlite inbox.db",
      ],
      notes: "It can be used beside a running service; the service runs what is replayed.",
    },
    [
      messagesCommand(),
      showCommand(),
      changeCommand("replay", "Run a message again, whatever became of it: its runs start at 1."),
      changeCommand("remove", "Delete a message's body for good. Its id stays known: a resend runs nothing."),
      pauseCommand("pause", "Start no further run, of one receiver or of all, until they are resumed."),
      pauseCommand("resume", "Start runs again."),
      countsCommand(),
    ],
  );
}

function messagesCommand(): CommandUnknownOpts {
  return newCommand("messages", {
    description: "List messages, newest first.",
    examples: [
      "inbox messages --sqlite inbox.db",
      "inbox messages --subject gen_123 --state done --sqlite inbox.db --json",
    ],
  })
    .addOption(SQLITE)
    .addOption(POSTGRES)
    .addOption(new Option("--state <state>", "in this state").choices(STATES))
    .addOption(RECEIVER)
    .option("--type <type>", "of this event type")
    .option("--subject <subject>", "about this subject: Diffio's generation")
    .option("--since <time>", "received at this time or later", readTime)
    .option("--until <time>", "received before this time", readTime)
    .option("--limit <count>", "at most so many, up to 1000", readCount, 100)
    .option("--after <id>", "those after the one with this id in the list")
    .option(...JSON_OPTION)
    .action(({ json, sqlite, postgres, type: eventType, ...query }) =>
      withMessages({ sqlite, postgres }, async ({ messages }) => {
        const output = createOutput({ json });
        const found = await messages.list({ ...query, eventType });
        for (const message of found) output.record(message, render(message));
        if (found.length === 0) output.say("No messages fit.");
        if (found.length === query.limit)
          output.say(grey(`There may be more: --after ${found.at(-1)?.id ?? ""}`));
      }),
    );
}

function showCommand(): CommandUnknownOpts {
  return newCommand("show", {
    description: "Show one message: its state, last error and body.",
    examples: ["inbox show msg_… --sqlite inbox.db"],
  })
    .argument("<message-id>", "msg_…")
    .addOption(SQLITE)
    .addOption(POSTGRES)
    .addOption(RECEIVER)
    .option(...JSON_OPTION)
    .action((messageId, { json, receiver, ...flags }) =>
      withMessages(flags, async ({ messages }) => {
        const message = await messages.get(messageId, { receiver });
        if (!message) throw usageError(`No message has the id "${plain(messageId)}".`);
        const { rawBody, ...facts } = message;
        const body = rawBody && new TextDecoder().decode(rawBody);
        createOutput({ json }).record({ ...facts, body }, renderDetails(message, body));
      }),
    );
}

function changeCommand(name: "replay" | "remove", description: string): CommandUnknownOpts {
  return newCommand(name, { description, examples: [`inbox ${name} msg_… --sqlite inbox.db`] })
    .argument("<message-ids...>", "msg_…")
    .addOption(SQLITE)
    .addOption(POSTGRES)
    .addOption(RECEIVER)
    .option(...JSON_OPTION)
    .action((messageIds, { json, receiver, ...flags }) =>
      withMessages(flags, async ({ messages }) => {
        const outcome = name === "replay" ? "replayed" : "removed";
        for (const messageId of messageIds) {
          await messages[name](messageId, { receiver });
          createOutput({ json }).record(
            { messageId, outcome },
            `${green("✓")} ${plain(messageId)} ${outcome}.`,
          );
        }
      }),
    );
}

function pauseCommand(name: "pause" | "resume", description: string): CommandUnknownOpts {
  return newCommand(name, {
    description,
    examples: [`inbox ${name} --sqlite inbox.db`, `inbox ${name} --receiver default --sqlite inbox.db`],
  })
    .addOption(SQLITE)
    .addOption(POSTGRES)
    .addOption(RECEIVER)
    .option(...JSON_OPTION)
    .action(({ json, receiver, ...flags }) =>
      withMessages(flags, async (inbox) => {
        await inbox[name]({ receiver });
        const outcome = `${name}d`;
        createOutput({ json }).record(
          { receiver, outcome },
          `${green("✓")} ${receiver === undefined ? "All receivers" : plain(receiver)} ${outcome}.`,
        );
      }),
    );
}

function countsCommand(): CommandUnknownOpts {
  return newCommand("counts", {
    description: "Count the messages in each state.",
    examples: ["inbox counts --sqlite inbox.db"],
  })
    .addOption(SQLITE)
    .addOption(POSTGRES)
    .option(...JSON_OPTION)
    .action(({ json, ...flags }) =>
      withInbox(flags, async (inbox) => {
        const counts = await inbox.counts();
        const { pending, running, done, dead, oldestPendingInSeconds } = counts;
        const waits = pending > 0 ? ` (the oldest for ${Math.round(oldestPendingInSeconds)} s)` : "";
        createOutput({ json }).record(
          counts,
          `${pending} pending${waits}, ${running} running, ${done} done, ${dead} dead.`,
        );
      }),
    );
}

function withMessages(flags: InboxFlags, work: (inbox: StoreInbox) => Promise<void>): Promise<void> {
  return withInbox(flags, (inbox: DurableInbox) => {
    if ("messages" in inbox) return work(inbox as StoreInbox);
    throw usageError(
      "This version of the inbox's package has no messages.",
      "Update @diffio-webhooks/inbox-…",
    );
  });
}

function render({
  messageId,
  state,
  eventType,
  subject,
  receiver,
  runs,
  receivedAt,
  error,
}: MessageSummary): string {
  const facts = [eventType ?? "no event", subject ?? "", receiver, `${runs} runs`, receivedAt.toISOString()];
  const line = `${stateOf(state)}  ${bold(plain(messageId))}  ${facts.filter(Boolean).map(plain).join("  ")}`;
  return error === undefined ? line : `${line}\n  ${grey(plain(error))}`;
}

function renderDetails(message: MessageDetails, body: string | undefined): string {
  const { error, startedAt, endedAt, ...summary } = message;
  return [
    render(summary),
    ...(startedAt ? [`  last run began ${startedAt.toISOString()}`] : []),
    ...(endedAt ? [`  ended          ${endedAt.toISOString()}`] : []),
    ...(error ? [red(plain(error.name === "" ? error.message : `${error.name}: ${error.message}`))] : []),
    ...(error?.stack ?? "")
      .split("\n")
      .slice(1)
      .map((line) => grey(plain(line))),
    body === undefined ? grey("Its body is not kept any more.") : body.split("\n").map(plain).join("\n"),
  ].join("\n");
}

function stateOf(state: MessageState): string {
  const text = state.padEnd(9);
  if (state === "dead") return red(text);
  return state === "done" ? green(text) : text;
}
