import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { DeadLetter, DurableInbox } from "@diffio-webhooks/core";
import { BIN, JSON_OPTION, newCommand, newGroup } from "./command.ts";
import { EXIT, isWebhookError, usageError } from "./exit.ts";
import { readCount } from "./input.ts";
import { POSTGRES, REDIS, SQLITE, withInbox } from "./open-inbox.ts";
import { bold, createOutput, green, grey, plain, printFailure } from "./output.ts";
import { createProgress } from "./progress.ts";

const MAX_PAGE = 1000;

/** `dead-letters`: the messages of a durable inbox that no run has handled. */
export function deadLettersCommand(): CommandUnknownOpts {
  return newGroup(
    "dead-letters",
    {
      description: "See, replay or discard the messages that a durable inbox has given up.",
      examples: [
        "dead-letters list --sqlite inbox.db",
        "dead-letters replay --all --postgres postgres://localhost/app",
        "dead-letters discard 42 --redis redis://localhost",
      ],
      notes: "They can be used beside a running service; the service runs what is replayed.",
    },
    [listCommand(), replayCommand(), discardCommand()],
  );
}

function listCommand(): CommandUnknownOpts {
  return newCommand("list", {
    description: "List them, newest first.",
    examples: [
      "dead-letters list --sqlite inbox.db",
      "dead-letters list --sqlite inbox.db --json | jq .body",
    ],
  })
    .addOption(SQLITE)
    .addOption(POSTGRES)
    .addOption(REDIS)
    .option("--limit <count>", "at most so many", readCount, 100)
    .option(...JSON_OPTION)
    .action(({ limit, json, ...flags }) =>
      withInbox(flags, async (inbox) => {
        const output = createOutput({ json });
        let shown = 0;
        for await (const letter of listAll(inbox, limit)) {
          output.record(toRecord(letter), render(letter));
          shown += 1;
        }
        const { dead, pending, running, done } = await inbox.counts();
        output.say(
          `${shown < dead ? `${shown} of ${dead}` : dead} dead letters; ${pending} pending, ${running} running, ${done} done.`,
        );
      }),
    );
}

function replayCommand(): CommandUnknownOpts {
  return newCommand("replay", {
    description: "Queue them again: their runs start at 1.",
    examples: ["dead-letters replay 42 43 --sqlite inbox.db", "dead-letters replay --all --sqlite inbox.db"],
  })
    .argument("[ids...]", "those that the list shows")
    .addOption(SQLITE)
    .addOption(POSTGRES)
    .addOption(REDIS)
    .option("--all", "all those that are dead now")
    .option(...JSON_OPTION)
    .action((ids, { all = false, json, ...flags }) => {
      if (all === ids.length > 0) throw usageError("Which of them?", "Give their ids, or --all.");
      return withInbox(flags, async (inbox) => {
        const output = createOutput({ json });
        if (!all) return each(ids, (id) => inbox.deadLetters.replay(id), "replayed", output.record);
        const progress = createProgress("replaying");
        const replayed = await inbox.deadLetters
          .replayAll({ onProgress: (step) => progress.update(step.replayed, step.total) })
          .finally(() => progress.end());
        output.record({ replayed }, `${green("✓")} ${replayed} replayed.`);
      });
    });
}

function discardCommand(): CommandUnknownOpts {
  return newCommand("discard", {
    description: "Give them up for good: a resend of them runs nothing.",
    examples: ["dead-letters discard 42 43 --sqlite inbox.db"],
  })
    .argument("<ids...>", "those that the list shows")
    .addOption(SQLITE)
    .addOption(POSTGRES)
    .addOption(REDIS)
    .option(...JSON_OPTION)
    .action((ids, { json, ...flags }) =>
      withInbox(flags, (inbox) =>
        each(ids, (id) => inbox.deadLetters.discard(id), "discarded", createOutput({ json }).record),
      ),
    );
}

async function* listAll({ deadLetters }: DurableInbox, limit: number): AsyncGenerator<DeadLetter> {
  let after: string | undefined;
  for (let left = limit; left > 0;) {
    const page = await deadLetters.list({ limit: Math.min(left, MAX_PAGE), after });
    yield* page;
    after = page.at(-1)?.id;
    if (after === undefined) return;
    left -= page.length;
  }
}

/** Does it to each, and tells of those that are not there, without stopping. */
async function each(
  ids: readonly string[],
  act: (id: string) => Promise<void>,
  outcome: "replayed" | "discarded",
  record: (fact: object, text: string) => void,
): Promise<void> {
  for (const id of ids) {
    try {
      await act(id);
      record({ id, outcome }, `${green("✓")} ${id} ${outcome}.`);
    } catch (error) {
      if (!isWebhookError(error) || error.code !== "dead_letter_not_found") throw error;
      printFailure(
        error.message,
        `It may have been replayed or discarded meanwhile: see ${BIN} dead-letters list.`,
      );
      process.exitCode = EXIT.failed;
    }
  }
}

/** For scripts: the body as text, or where it is none, as base64. */
function toRecord({ rawBody, ...letter }: DeadLetter): object {
  try {
    return { ...letter, body: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(rawBody) };
  } catch {
    return { ...letter, bodyBase64: Buffer.from(rawBody).toString("base64") };
  }
}

function render({ id, messageId, receiver, eventType, runs, reason, error, diedAt }: DeadLetter): string {
  const facts = [plain(eventType ?? "no event"), messageId, receiver, `${runs} runs`, diedAt.toISOString()];
  return `${bold(plain(id))}  ${facts.map(plain).join("  ")}\n  ${reason}: ${grey(plain(error))}`;
}
