import { type Command, Option } from "@commander-js/extra-typings";
import { type SimulatorClient, createSimulatorClient } from "@diffio-webhooks/simulator/client";
import { type CommandHelp, JSON_OPTION, newCommand } from "./command.ts";

/** Where `dev` listens unless it is told otherwise. */
export const DEFAULT_PORT = 4400;

/** The options of every command that talks to a simulator. */
// A type and no interface: commander wants an index signature.
export type SimulatorOptions = { simulator: string; json?: true };

/** Makes a command that talks to a running simulator. */
export function newSimulatorCommand(name: string, help: CommandHelp): Command<[], SimulatorOptions> {
  return newCommand(name, help)
    .addOption(
      new Option("--simulator <url>", "the simulator that `dev` started")
        .env("DIFFIO_SIMULATOR_URL")
        .default(`http://127.0.0.1:${DEFAULT_PORT}`),
    )
    .option(...JSON_OPTION);
}

/** The simulator that the options name. Nothing is sent yet. */
export function simulatorOf(
  { simulator }: SimulatorOptions,
  { reveal = false }: { readonly reveal?: boolean } = {},
): SimulatorClient {
  return createSimulatorClient({ url: simulator, reveal });
}
