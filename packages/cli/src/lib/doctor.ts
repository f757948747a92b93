import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Check, CheckStatus } from "./check.ts";
import { JSON_OPTION, newCommand } from "./command.ts";
import { checkConnections } from "./doctor-connections.ts";
import { checkDeliveries } from "./doctor-deliveries.ts";
import { EXIT, usageError } from "./exit.ts";
import { collect, readNumber } from "./input.ts";
import { type Output, createOutput, green, grey, red, yellow } from "./output.ts";
import { SECRET_FLAGS, findSecrets } from "./secrets.ts";

const MARKS: Readonly<Record<CheckStatus, string>> = {
  ok: green("✓"),
  warning: yellow("!"),
  failed: red("✗"),
  skipped: grey("–"),
};
const CHECK_WIDTH = 26;

/** `doctor`: whether an endpoint does what the sender expects of it. */
export function doctorCommand(): CommandUnknownOpts {
  return newCommand("doctor", {
    description:
      "Check an endpoint: does it resolve, connect, reject forged deliveries, accept good ones, and in time?",
    examples: [
      "doctor https://example.com/webhooks/diffio",
      "doctor http://localhost:3000/webhooks/diffio --secret whsec_… --within 1000",
    ],
    notes:
      "With a secret (--secret, or DIFFIO_WEBHOOK_SECRET) it delivers one good event, a sample of generation.queued:\n" +
      "the endpoint's callback for it runs.",
  })
    .argument("<url>", "the endpoint's URL")
    .option(SECRET_FLAGS, "the endpoint's signing secret, whsec_…", collect)
    .option("--within <ms>", "how long an answer may take; the sender waits 15 s", readNumber, 15_000)
    .option(...JSON_OPTION)
    .action(async (text, { secret, within, json }) => {
      const url = readUrl(text);
      const output = createOutput({ json });
      let connected = false;
      for await (const check of checkConnections(url)) {
        printCheck(check, output);
        connected ||= check.check.startsWith("connects") && check.status === "ok";
      }
      if (!connected) {
        process.exitCode = EXIT.unreachable;
        return;
      }
      const options = { url, signingSecret: findSecrets(secret), withinInMs: within };
      for await (const check of checkDeliveries(options)) {
        printCheck(check, output);
        if (check.status === "failed") process.exitCode = EXIT.failed;
      }
    });
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw usageError(`${text} is no http: or https: URL.`, "It reads https://example.com/webhooks/diffio.");
}

function printCheck(check: Check, output: Output): void {
  const hint = check.hint === undefined ? "" : `\n  ${grey(`→ ${check.hint}`)}`;
  output.record(check, `${MARKS[check.status]} ${check.check.padEnd(CHECK_WIDTH)}${check.detail}${hint}`);
}
