import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { type Diagnosis, WebhookError, diagnose, diffioEvents } from "@diffio-webhooks/core";
import { JSON_OPTION, newCommand } from "./command.ts";
import { EXIT, usageError } from "./exit.ts";
import { type HeaderRecord, readHeaderLines, readHeadersFile } from "./header-lines.ts";
import { collect, collectPair, readBytes, readNumber, readTime } from "./input.ts";
import { bold, createOutput, green, grey, plain, red, yellow } from "./output.ts";
import { SECRET_FLAGS, SECRET_NOTE, secretsFrom } from "./secrets.ts";

/** `verify`: whether a delivery is authentic, and if not, why. */
export function verifyCommand(): CommandUnknownOpts {
  return newCommand("verify", {
    description: "Check the signature of a delivery, and find out why it does not verify.",
    examples: [
      "verify body.bin --headers headers.txt",
      "verify body.bin --headers headers.txt --at 2026-01-28T12:34:56Z  # when it arrived",
      "verify -H 'svix-id: msg_1' -H 'svix-timestamp: 1769603696' -H 'svix-signature: v1,…' < body.bin",
      "verify body.bin --headers headers.txt --other-secret staging=whsec_…",
    ],
    notes: `The body must be the bytes as they arrived, not JSON that was parsed and written again.\n${SECRET_NOTE}`,
  })
    .argument("[file]", "the raw body; stdin without it, or for -")
    .option("-H, --header <line>", 'a header, "name: value"', collect)
    .option("--headers <file>", "a file of such lines, or a JSON object")
    .option(SECRET_FLAGS, "whsec_…; several during a rotation", collect)
    .option(
      "--other-secret <name=secret>",
      "the secret of another endpoint, which may have signed it",
      collectPair,
    )
    .option("--at <time>", "when it arrived: seconds since 1970, or ISO 8601; now without it", readTime)
    .option("--tolerance <seconds>", "how far its timestamp may lie from that", readNumber, 300)
    .option(...JSON_OPTION)
    .action(async (file, { header, headers: headersFile, secret, otherSecret, at, tolerance, json }) => {
      const headers = {
        ...(headersFile !== undefined && (await readHeadersFile(headersFile))),
        ...readHeaderLines(header ?? []),
      };
      if (Object.keys(headers).length === 0) {
        throw usageError(
          "There are no headers.",
          "Give them with --headers FILE, or one by one with -H 'name: value'.",
        );
      }
      const body = await readBytes(file);
      const diagnosis = diagnose({
        headers,
        body,
        signingSecret: secretsFrom(secret),
        toleranceInSeconds: tolerance,
        otherSecrets: otherSecret,
        ...(at && { now: () => at.getTime() }),
      });
      const content = diagnosis.verified ? readContent(body) : {};
      createOutput({ json }).record({ ...diagnosis, ...content }, render(diagnosis, headers, content));
      if (!diagnosis.verified) process.exitCode = EXIT.failed;
    });
}

/** What an authentic body holds. */
interface Content {
  readonly eventType?: string;
  /** Why it is not an event. */
  readonly payloadError?: string;
}

function readContent(body: Uint8Array): Content {
  try {
    const { eventType } = diffioEvents.parse(body);
    return { eventType: eventType ?? "an event without a type" };
  } catch (error) {
    if (error instanceof WebhookError) return { payloadError: error.message };
    throw error;
  }
}

function render(
  { verified, findings }: Diagnosis,
  headers: HeaderRecord,
  { eventType, payloadError }: Content,
): string {
  const id = plain(String(headers["svix-id"] ?? headers["webhook-id"] ?? "the delivery"));
  const lines = verified
    ? [`${green("✓")} ${bold(id)} is authentic${eventType === undefined ? "." : `: ${plain(eventType)}.`}`]
    : [`${red("✗")} ${bold(id)} does not verify.`];
  if (payloadError !== undefined) lines.push("", `  ${yellow("!")} ${payloadError}`);
  for (const { code, message, hint } of findings) {
    lines.push("", `  ${message} ${grey(`(${code})`)}`, `  → ${hint}`);
  }
  return lines.join("\n");
}
