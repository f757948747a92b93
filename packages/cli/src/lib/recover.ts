import { type CommandUnknownOpts, InvalidArgumentError } from "@commander-js/extra-typings";
import { durationInSeconds } from "./duration.ts";
import { EXIT } from "./exit.ts";
import { readTime } from "./input.ts";
import { createOutput, green, red } from "./output.ts";
import { createProgress } from "./progress.ts";
import { newSimulatorCommand, simulatorOf } from "./simulator-command.ts";

/** A moment: a time, or so long ago. */
type Moment = { readonly time: Date } | { readonly secondsAgo: number };

/** `recover`: all that an endpoint should have and has not. */
export function recoverCommand(): CommandUnknownOpts {
  return newSimulatorCommand("recover", {
    description: "Send again, once each, what an endpoint was sent since a time and never took.",
    examples: [
      "recover ep_… --since 2h",
      "recover ep_… --since 2026-01-28T12:00:00Z --until 2026-01-28T13:00:00Z",
      "recover ep_… --since 1d --missing  # what it was never sent, while it was disabled",
    ],
    notes: "Times are of the simulated clock; the sender reaches 14 days back.",
  })
    .argument("<endpoint-id>", "ep_…")
    .requiredOption("--since <time>", "a time, or how long ago: 90s, 5m, 2h, 14d", readMoment)
    .option("--until <time>", "the same; now without it", readMoment)
    .option("--missing", "what it wants and was never sent, in place of what it never took")
    .action(async (endpointId, { since, until, missing = false, ...options }) => {
      const simulator = simulatorOf(options);
      const now = await simulator.clock.now();
      const progress = createProgress("recovering");
      const recover = missing ? simulator.replayMissing : simulator.recover;
      const recovery = await recover(endpointId, {
        since: timeOf(since, now),
        until: until && timeOf(until, now),
        onProgress: ({ done, total }) => progress.update(done, total),
      }).finally(() => progress.end());
      const { total, succeeded, failed } = recovery;
      const mark = failed === 0 ? green("✓") : red("✗");
      createOutput(options).record(
        recovery,
        `${mark} ${total} sent again: ${succeeded} taken, ${failed} failed.`,
      );
      if (failed > 0) process.exitCode = EXIT.failed;
    });
}

function readMoment(text: string): Moment {
  const secondsAgo = /^\d+$/.test(text) ? undefined : durationInSeconds(text);
  if (secondsAgo !== undefined) return { secondsAgo };
  try {
    return { time: readTime(text) };
  } catch {
    throw new InvalidArgumentError(
      "It takes a time such as 2026-01-28T12:34:56Z, or how long ago: 90s, 5m, 2h, 14d.",
    );
  }
}

function timeOf(moment: Moment, now: Date): Date {
  return "time" in moment ? moment.time : new Date(now.getTime() - moment.secondsAgo * 1000);
}
