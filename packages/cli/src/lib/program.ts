import { readFileSync } from "node:fs";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { BIN, newCommand } from "./command.ts";
import { deadLettersCommand } from "./dead-letters.ts";
import { doctorCommand } from "./doctor.ts";
import { sendTestEventCommand } from "./send-test-event.ts";
import { signCommand } from "./sign.ts";
import { verifyCommand } from "./verify.ts";

/** The whole program. */
export function createProgram(): CommandUnknownOpts {
  const program = newCommand(BIN, {
    description: "Try out, sign and check Diffio webhooks. Independent of Diffio and Svix.",
    examples: [
      "sign event.json --curl http://localhost:3000/webhooks/diffio",
      "verify body.bin --headers headers.txt",
      "doctor https://example.com/webhooks/diffio",
    ],
    notes: "Exit codes: 0 ok, 1 a delivery or a verification failed, 2 usage, 3 not reachable.",
  }).version(readVersion(), "-V, --version", "show the version");
  for (const command of [
    signCommand(),
    verifyCommand(),
    doctorCommand(),
    sendTestEventCommand(),
    deadLettersCommand(),
  ]) {
    program.addCommand(command);
  }
  return program;
}

function readVersion(): string {
  // The same path from src and from dist.
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
