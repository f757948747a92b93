import { Argument, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { GENERATION_EVENT_TYPES } from "@diffio-webhooks/core";
import { JSON_OPTION, newCommand } from "./command.ts";
import { CliError, EXIT, usageError } from "./exit.ts";
import { SET_OPTION } from "./input.ts";
import { createOutput, green, plain } from "./output.ts";
import { type Answer, errorOf, post } from "./post.ts";

const DEFAULT_BASE_URL = "https://api.diffio.ai/v1";
const TIMEOUT_MS = 30_000;

/** What the vendor answers. */
interface SentTestEvent {
  readonly svixMessageId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly mode: string;
  readonly apiKeyId: string;
}

/** `send-test-event`: has the vendor send one. */
export function sendTestEventCommand(): CommandUnknownOpts {
  return newCommand("send-test-event", {
    description: "Ask Diffio's API to send a test event to your endpoints.",
    examples: [
      "send-test-event generation.completed",
      "send-test-event generation.failed --mode live --set apiProjectId=proj_9",
      "send-test-event generation.completed --api-key-id key_123  # with an Agent key",
    ],
    notes:
      "The key comes from DIFFIO_API_KEY: an Agent key, or one with the scope webhooks:write. DIFFIO_API_BASE_URL names\n" +
      `another API than ${DEFAULT_BASE_URL}, a simulator for instance.`,
  })
    .addArgument(new Argument("<event-type>", "what happened").choices(GENERATION_EVENT_TYPES))
    .addOption(
      new Option("--mode <mode>", "whose endpoints")
        .choices(["test", "live"] as const)
        .default("test" as const),
    )
    .option("--api-key-id <id>", "the API key whose webhooks are meant; Agent keys must name one")
    .option(...SET_OPTION)
    .option(...JSON_OPTION)
    .action(async (eventType, { mode, apiKeyId, set, json }) => {
      const answer = await post(new URL(`${baseUrl()}/webhooks/send_test_event`), {
        headers: { authorization: `Bearer ${apiKey()}`, "content-type": "application/json" },
        body: JSON.stringify({ eventType, mode, apiKeyId, samplePayload: set }),
        timeoutInMs: TIMEOUT_MS,
      });
      const sent = readSent(answer);
      createOutput({ json }).record(
        sent,
        `${green("✓")} ${sent.eventType} is on its way: message ${sent.svixMessageId}, event ${sent.eventId}.`,
      );
    });
}

/** As the vendor's own SDKs take it: with or without `/v1` and slashes at its end. */
function baseUrl(): string {
  const given = (process.env["DIFFIO_API_BASE_URL"] ?? DEFAULT_BASE_URL).replace(/\/+$/, "");
  if (!URL.canParse(given) || !/^https?:/i.test(given))
    throw usageError(`DIFFIO_API_BASE_URL is no URL: ${given}.`, `It reads ${DEFAULT_BASE_URL}.`);
  return given.endsWith("/v1") ? given : `${given}/v1`;
}

function apiKey(): string {
  const { DIFFIO_API_KEY: key } = process.env;
  if (!key) {
    throw usageError(
      "DIFFIO_API_KEY is not set.",
      "Make a key in Diffio's dashboard and put it into the environment.",
    );
  }
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw usageError(
    "DIFFIO_API_KEY has whitespace, or characters that no key has.",
    "Copy it again, without what is around it: a line that was copied often ends with a newline.",
  );
}

function readSent(answer: Answer): SentTestEvent {
  const { status } = answer;
  if (status < 200 || status > 299) {
    const said = errorOf(answer);
    throw new CliError(
      EXIT.failed,
      `Diffio answered ${status}${said === undefined ? "" : `: ${plain(said).replace(/\.$/, "")}`}.`,
      hintFor(status),
    );
  }
  try {
    return JSON.parse(answer.text) as SentTestEvent;
  } catch {
    throw new CliError(EXIT.failed, `${status}, but the answer is not JSON: is DIFFIO_API_BASE_URL right?`);
  }
}

function hintFor(status: number): string | undefined {
  switch (status) {
    case 401:
      return "Check DIFFIO_API_KEY.";
    case 403:
      return "The key needs the scope webhooks:write. With an Agent key, name the target with --api-key-id.";
    case 404:
      return "Check DIFFIO_API_BASE_URL.";
    default:
      return undefined;
  }
}
