import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { newGroup } from "./command.ts";
import { readDuration } from "./duration.ts";
import { createOutput, green } from "./output.ts";
import { newSimulatorCommand, simulatorOf } from "./simulator-command.ts";

/** `clock`: the one that the simulator's retries go by. */
export function clockCommand(): CommandUnknownOpts {
  return newGroup(
    "clock",
    {
      description: "The simulator's clock: show it, or advance it, so that retries come at once.",
      examples: ["clock show", "clock advance 5m"],
    },
    [showCommand(), advanceCommand()],
  );
}

function showCommand(): CommandUnknownOpts {
  return newSimulatorCommand("show", { description: "Show it.", examples: ["clock show"] }).action(
    async (options) => {
      const now = await simulatorOf(options).clock.now();
      createOutput(options).record({ now }, now.toISOString());
    },
  );
}

function advanceCommand(): CommandUnknownOpts {
  return newSimulatorCommand("advance", {
    description: "Advance it, and wait until all attempts that are due by then have been made.",
    examples: ["clock advance 5m", "clock advance 27h30m"],
  })
    .argument("<duration>", "90s, 5m, 2h, 1d, 1h30m", readDuration)
    .action(async (seconds, options) => {
      const { clock } = simulatorOf(options);
      await clock.advance(seconds);
      const now = await clock.now();
      createOutput(options).record({ now }, `${green("✓")} It is ${now.toISOString()}.`);
    });
}
