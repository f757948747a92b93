import { readFileSync } from "node:fs";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { BIN, newCommand, printMistake } from "./command.ts";
import { clockCommand } from "./clock.ts";
import { deadLettersCommand } from "./dead-letters.ts";
import { devCommand } from "./dev.ts";
import { doctorCommand } from "./doctor.ts";
import { endpointsCommand } from "./endpoints.ts";
import { inboxCommand } from "./inbox.ts";
import { testUrlsCommand } from "./test-urls.ts";
import { messagesCommand } from "./messages.ts";
import { recoverCommand } from "./recover.ts";
import { resendCommand } from "./resend.ts";
import { sendTestEventCommand } from "./send-test-event.ts";
import { signCommand } from "./sign.ts";
import { triggerCommand } from "./trigger.ts";
import { verifyCommand } from "./verify.ts";

/** The whole program. */
export function createProgram(): CommandUnknownOpts {
  const program = newCommand(BIN, {
    description: "Try out, sign and check Diffio webhooks. Independent of Diffio and Svix.",
    examples: [
      "dev --forward http://localhost:3000/webhooks/diffio",
      "trigger generation.completed",
      "verify body.bin --headers headers.txt",
      "doctor https://example.com/webhooks/diffio",
    ],
    notes: "Exit codes: 0 ok, 1 a delivery or a verification failed, 2 usage, 3 not reachable.",
  })
    .version(readVersion(), "-V, --version", "show the version")
    .helpCommand("help [command]", "Show the help of a command.");
  program.configureOutput({ outputError: (text) => printMistake(text, whereElse(text, program)) });
  for (const [heading, commands] of Object.entries(commandsByHeading())) {
    program.commandsGroup(heading);
    for (const command of commands) program.addCommand(command);
  }
  return program;
}

function commandsByHeading(): Record<string, readonly CommandUnknownOpts[]> {
  return {
    "Simulator, the sender on this machine:": [
      devCommand(),
      triggerCommand(),
      endpointsCommand(),
      messagesCommand(),
      resendCommand(),
      recoverCommand(),
      testUrlsCommand(),
      clockCommand(),
    ],
    "Deliveries and endpoints, wherever they are:": [
      signCommand(),
      verifyCommand(),
      doctorCommand(),
      sendTestEventCommand(),
    ],
    "Durable inboxes:": [inboxCommand(), deadLettersCommand()],
  };
}

/** Where a command is that was looked for at the top: `list` is one of `endpoints` and others. */
function whereElse(text: string, program: CommandUnknownOpts): string | undefined {
  const name = /unknown command '([^']+)'/.exec(text)?.[1];
  const groups = program.commands.filter(({ commands }) =>
    commands.some((command) => command.name() === name),
  );
  if (name === undefined || groups.length === 0) return undefined;
  return `Did you mean ${groups.map((group) => `${BIN} ${group.name()} ${name}`).join(", or ")}?`;
}

function readVersion(): string {
  // The same path from src and from dist.
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
