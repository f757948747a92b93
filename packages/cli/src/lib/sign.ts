import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { type SignedMessage, signMessage } from "@diffio-webhooks/core/testing";
import { JSON_OPTION, newCommand } from "./command.ts";
import { usageError } from "./exit.ts";
import { collect, readBytes, readTime } from "./input.ts";
import { createOutput } from "./output.ts";
import { SECRET_FLAGS, SECRET_NOTE, secretsFrom } from "./secrets.ts";

/** `sign`: the headers that the sender would send with a body. */
export function signCommand(): CommandUnknownOpts {
  return newCommand("sign", {
    description: "Sign a body as the sender does, and print the headers, or a curl command that delivers it.",
    examples: [
      "sign event.json",
      "sign event.json --curl http://localhost:3000/webhooks/diffio | sh",
      "sign --at 2026-01-28T12:34:56Z < event.json  # an old delivery",
      "sign event.json --secret whsec_new… --secret whsec_old…  # as during a rotation",
    ],
    notes: SECRET_NOTE,
  })
    .argument("[file]", "the body; stdin without it, or for -")
    .option(SECRET_FLAGS, "whsec_…; several sign as during a rotation, newest first", collect)
    .option("--id <id>", "the message id; a new one without it")
    .option("--at <time>", "when it is signed: seconds since 1970, or ISO 8601; now without it", readTime)
    .option("--curl <url>", "print a curl command that delivers it there")
    .option(...JSON_OPTION)
    .action(async (file, { secret, id, at, curl, json }) => {
      const signingSecret = secretsFrom(secret);
      const message = signMessage({ signingSecret, id, timestamp: at, body: await readBytes(file) });
      const lines = Object.entries(message.headers).map(([name, value]) => `${name}: ${value}`);
      const command = curl === undefined ? undefined : curlCommand(curl, lines, message, file);
      createOutput({ json }).record(
        { headers: message.headers, ...(command !== undefined && { curl: command }) },
        command ?? lines.join("\n"),
      );
    });
}

function curlCommand(
  url: string,
  headers: readonly string[],
  { body }: SignedMessage,
  file: string | undefined,
): string {
  if (!URL.canParse(url))
    throw usageError(`${url} is not a URL.`, "It reads http://localhost:3000/webhooks/diffio.");
  return [
    `curl --silent --show-error --include ${quote(url)}`,
    ...["content-type: application/json", ...headers].map((header) => `  --header ${quote(header)}`),
    `  ${dataOf(body, file)}`,
  ].join(" \\\n");
}

/** A file is named, since curl then sends its bytes as they are; what came from stdin is written out. */
function dataOf(body: Uint8Array, file: string | undefined): string {
  if (file !== undefined && file !== "-") return `--data-binary ${quote(`@${file}`)}`;
  const text = Buffer.from(body).toString("utf8");
  if (text.includes("\0") || !Buffer.from(text).equals(body)) {
    throw usageError(
      "The body is not text, so it cannot stand in a command.",
      "Keep it in a file, and name that.",
    );
  }
  return `--data-raw ${quote(text)}`;
}

/** As POSIX shells quote. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
