import { CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { SimulatorError, type SimulatorErrorCode } from "@diffio-webhooks/simulator/client";
import { BIN } from "./command.ts";
import { CliError, EXIT, type ExitCode, isWebhookError } from "./exit.ts";
import { printFailure } from "./output.ts";
import { createProgram } from "./program.ts";

/** Runs one command line, the program's name left out; the exit code is left in the process. */
export async function run(args: readonly string[]): Promise<void> {
  process.stdout.on("error", endWithReader);
  const program = createProgram();
  pointToHelp(program, program.name());
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): ExitCode {
  // Commander has printed the help, the version or the mistake.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CliError) {
    printFailure(error.message, error.hint);
    return error.exitCode;
  }
  if (error instanceof SimulatorError) {
    printFailure(error.message, hintOf(error));
    return SIMULATOR_EXIT[error.code];
  }
  // Core's own checks: a secret or an option that cannot be.
  if (isWebhookError(error)) {
    printFailure(error.message, error.hint);
    return EXIT.usage;
  }
  throw error;
}

const START_ONE = `Start one with ${BIN} dev; or name the one that runs with --simulator URL, or in DIFFIO_SIMULATOR_URL.`;

const OTHER_PORT =
  "Stop what listens there, which may be a simulator that you started before, or choose another port: --port 0 takes a free one.";

const SIMULATOR_EXIT: Readonly<Record<SimulatorErrorCode, ExitCode>> = {
  not_reachable: EXIT.unreachable,
  closed: EXIT.unreachable,
  endpoint_disabled: EXIT.failed,
  failed: EXIT.failed,
  invalid_option: EXIT.usage,
  not_found: EXIT.usage,
  port_in_use: EXIT.usage,
  invalid_data_file: EXIT.usage,
  forbidden: EXIT.usage,
};

/** The library's hints name its operations; here they are commands. */
function hintOf({ code, hint }: SimulatorError): string {
  if (code === "not_reachable") return START_ONE;
  if (code === "port_in_use") return OTHER_PORT;
  return hint.replace(/\b(endpoints|messages|testUrls)\.list\(\)/, (_, group: string) => {
    return `${BIN} ${group === "testUrls" ? "test-urls" : group} list`;
  });
}

function pointToHelp(command: CommandUnknownOpts, path: string): void {
  command.showHelpAfterError(`  See ${path} --help.`);
  for (const child of command.commands) pointToHelp(child, `${path} ${child.name()}`);
}

/** `… | head` has read enough: that is no failure. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit();
}
