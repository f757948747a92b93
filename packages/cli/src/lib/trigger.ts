import { randomUUID } from "node:crypto";
import { Argument, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { Message } from "@diffio-webhooks/simulator";
import { FAULTS, type SimulatorClient } from "@diffio-webhooks/simulator/client";
import { hasFailed, renderAttempt } from "./attempts.ts";
import { BIN } from "./command.ts";
import { readEventType } from "./event-type.ts";
import { EXIT, usageError } from "./exit.ts";
import { SET_OPTION, readCount } from "./input.ts";
import { type Output, createOutput, plain, yellow } from "./output.ts";
import { createProgress } from "./progress.ts";
import { newSimulatorCommand, simulatorOf } from "./simulator-command.ts";

/** The events of a generation from its beginning to its end. */
const FLOWS = {
  success: ["generation.queued", "generation.processing", "generation.completed"],
  failure: ["generation.queued", "generation.processing", "generation.failed"],
} as const;
/** More than so many are only summed up for people. */
const MAX_SHOWN = 20;
const FAULT_WIDTH = Math.max(...Object.keys(FAULTS).map((fault) => fault.length)) + 2;

/** `trigger`: has the simulator send events, and tells what came of the first attempts. */
export function triggerCommand(): CommandUnknownOpts {
  return newSimulatorCommand("trigger", {
    description: "Send events from the simulator, and see what the endpoints answer.",
    examples: [
      "trigger generation.completed",
      "trigger generation.completed --set apiProjectId=proj_9 --set hasVideo=true",
      "trigger --flow success  # queued, processing, completed",
      "trigger generation.failed --count 1000",
      "trigger generation.completed --fault bad-signature",
    ],
    notes:
      "It waits for the first attempts; retries go on in the simulator. Faults, done to each attempt but those by hand:\n" +
      Object.entries(FAULTS)
        .map(([fault, effect]) => `  ${fault.padEnd(FAULT_WIDTH)}${effect}`)
        .join("\n"),
  })
    .addArgument(new Argument("[event-type]", "what happened").argParser(readEventType))
    .addOption(new Option("--flow <flow>", "a whole generation").choices(["success", "failure"] as const))
    .option(...SET_OPTION)
    .option("--count <count>", "so many of them", readCount, 1)
    .addOption(
      new Option("--fault <fault>", "what to do wrong").choices(
        Object.keys(FAULTS) as (keyof typeof FAULTS)[],
      ),
    )
    .addOption(new Option("--mode <mode>", "whose endpoints").choices(["test", "live"] as const))
    .action(async (eventType, { flow, set, count, fault, mode, ...options }) => {
      if ((eventType === undefined) === (flow === undefined))
        throw usageError("Which events?", "Give an event type, or --flow success.");
      const types = flow === undefined ? [eventType ?? ""] : FLOWS[flow];
      const simulator = simulatorOf(options);
      const progress = createProgress("sending");
      const ids: string[] = [];
      try {
        for (let round = 1; round <= count; round++) {
          // One generation for a whole flow.
          const samplePayload = { ...(flow && { generationId: newGenerationId() }), ...set };
          for (const type of types) {
            const sent = await simulator.sendTestEvent({
              eventType: type,
              mode,
              samplePayload,
              fault,
            });
            ids.push(sent.svixMessageId);
            // In this order, as far as the sender can do anything for it.
            if (flow) await simulator.idle();
          }
          progress.update(ids.length, types.length * count);
        }
        await simulator.idle();
      } finally {
        progress.end();
      }
      await report(simulator, ids, createOutput(options));
    });
}

async function report(simulator: SimulatorClient, ids: readonly string[], output: Output): Promise<void> {
  let taken = 0;
  const failed: Message[] = [];
  for (const id of ids) {
    const message = await simulator.messages.get(id);
    output.record(message, ids.length <= MAX_SHOWN ? renderSent(message) : undefined);
    if (hasFailed(message)) failed.push(message);
    else if (message.attempts.length > 0) taken += 1;
  }
  const [first] = failed;
  if (ids.length > MAX_SHOWN) {
    output.say(`${ids.length} sent: ${taken} taken, ${failed.length} failed.`);
    if (first) output.say(`The first that failed:\n${renderSent(first)}`);
  }
  if (first) process.exitCode = EXIT.failed;
}

function renderSent(message: Message): string {
  const what = `${plain(message.eventType)}  ${message.id}`;
  if (message.destinations.length === 0)
    return (
      `${yellow("!")} ${what}  No endpoint wants it: add one with ${BIN} endpoints create URL,\n` +
      `  or see which are disabled, or want other events, with ${BIN} endpoints list.`
    );
  if (message.attempts.length === 0) return `${yellow("!")} ${what}  Not sent yet: the fault holds it back.`;
  return message.attempts.map((attempt) => renderAttempt(attempt, what)).join("\n");
}

function newGenerationId(): string {
  return `gen_${randomUUID().replaceAll("-", "").slice(0, 24)}`;
}
