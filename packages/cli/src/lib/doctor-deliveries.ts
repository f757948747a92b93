import { randomBytes, randomUUID } from "node:crypto";
import { sampleEvent, signMessage } from "@diffio-webhooks/core/testing";
import type { Check } from "./check.ts";
import { CliError } from "./exit.ts";
import { type Answer, errorOf, post } from "./post.ts";

/** How long the sender waits. */
const SENDER_TIMEOUT_MS = 15_000;
const STALE_IN_SECONDS = 3600;

/** What the checks go by. */
export interface DeliveryChecksOptions {
  readonly url: URL;
  /** The endpoint's own; without it no good delivery can be made. */
  readonly signingSecret: readonly string[] | undefined;
  readonly withinInMs: number;
}

/** A delivery of `doctor`. */
interface Trial {
  readonly secret?: readonly string[];
  readonly sentBody?: string;
  readonly ageInSeconds?: number;
  readonly unsigned?: boolean;
}

/** How the endpoint answers deliveries, good and forged. Ends early when it does not answer at all. */
export async function* checkDeliveries({
  url,
  signingSecret,
  withinInMs,
}: DeliveryChecksOptions): AsyncGenerator<Check> {
  const answers: Answer[] = [];
  async function deliver(trial: Trial): Promise<Answer> {
    const answer = await deliverTrial(url, trial);
    answers.push(answer);
    return answer;
  }
  try {
    const unsigned = await deliver({ unsigned: true });
    const route = judgeRoute(unsigned);
    yield route;
    if (route.status === "failed") return;
    const forged = await deliver({});
    yield judgeRefusal(
      "rejects a forged delivery",
      isAccepted(unsigned) ? unsigned : forged,
      "anyone can send you events",
    );
    if (!signingSecret) {
      const detail =
        "without the secret no good delivery can be made: give --secret, or set DIFFIO_WEBHOOK_SECRET";
      yield { check: "accepts a good delivery", status: "skipped", detail };
    } else {
      const altered = await deliver({ secret: signingSecret, sentBody: JSON.stringify(makeEvent()) });
      yield judgeRefusal("rejects an altered body", altered, "the signature is not checked against the body");
      const old = await deliver({ secret: signingSecret, ageInSeconds: STALE_IN_SECONDS });
      yield judgeRefusal("rejects an old delivery", old, "whoever once saw a delivery can send it again");
      yield judgeAcceptance(await deliver({ secret: signingSecret }));
    }
    yield judgeSpeed(answers, withinInMs);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    yield { check: "answers POST", status: "failed", detail: error.message };
  }
}

function deliverTrial(
  url: URL,
  { secret, sentBody, ageInSeconds = 0, unsigned = false }: Trial,
): Promise<Answer> {
  const message = signMessage({
    // Nobody has this one.
    signingSecret: secret ?? `whsec_${randomBytes(24).toString("base64")}`,
    body: makeEvent(),
    timestamp: Math.floor(Date.now() / 1000) - ageInSeconds,
  });
  const headers = { "content-type": "application/json", "user-agent": "diffio-webhooks-doctor" };
  return post(url, {
    headers: unsigned ? headers : { ...headers, ...message.headers },
    body: sentBody ?? message.body,
    timeoutInMs: SENDER_TIMEOUT_MS,
  });
}

function makeEvent(): ReturnType<typeof sampleEvent<"generation.queued">> {
  return sampleEvent("generation.queued", {
    eventId: `evt_${randomUUID()}`,
    createdAt: new Date().toISOString(),
  });
}

function judgeRoute(answer: Answer): Check {
  const check = "answers POST";
  const detail = describe(answer);
  const { status } = answer;
  if (status >= 300 && status < 400) {
    return {
      check,
      status: "failed",
      detail,
      hint: "The sender does not follow redirects: give it the final URL.",
    };
  }
  if (status === 404 || status === 410) {
    return { check, status: "failed", detail, hint: "There is no route of this path: check the URL." };
  }
  if (status === 405 || status === 501) {
    return { check, status: "failed", detail, hint: "The route takes other methods: mount it for POST." };
  }
  if (status >= 500) {
    return { check, status: "failed", detail, hint: hintFor(answer) ?? "See the log of the service." };
  }
  return { check, status: "ok", detail };
}

function judgeRefusal(check: string, answer: Answer, danger: string): Check {
  const detail = describe(answer);
  if (isAccepted(answer)) {
    return {
      check,
      status: "failed",
      detail: `${detail}: ${danger}`,
      hint: "Verify the signature before anything else.",
    };
  }
  // Refused, but by accident.
  if (answer.status >= 500)
    return { check, status: "failed", detail, hint: hintFor(answer) ?? "See the log of the service." };
  return { check, status: "ok", detail };
}

function judgeAcceptance(answer: Answer): Check {
  const check = "accepts a good delivery";
  const detail = describe(answer);
  if (isAccepted(answer)) return { check, status: "ok", detail };
  return { check, status: "failed", detail, hint: hintFor(answer) ?? "See the log of the service." };
}

function judgeSpeed(answers: readonly Answer[], withinInMs: number): Check {
  const check = "answers in time";
  const slowest = Math.max(...answers.map(({ durationInMs }) => durationInMs));
  const detail = `${slowest} ms at most, of ${withinInMs} ms`;
  if (slowest <= withinInMs) return { check, status: "ok", detail };
  return { check, status: "failed", detail, hint: "Answer first, and do the work after it." };
}

function hintFor(answer: Answer): string | undefined {
  switch (errorOf(answer) ?? answer.status) {
    case "body_already_parsed":
      return "Mount the webhook route before express.json() and other body parsers.";
    case "no_matching_signature":
      return "Either this is not the endpoint's secret, or something before the route changes the body.";
    case "timestamp_too_old":
    case "timestamp_too_new":
      return "The clocks of this machine and of the service differ: check both against NTP.";
    case 401:
    case 403:
      return "Something before the route wants a login or a CSRF token: exempt the webhook route.";
    case 413:
      return "Something before the route limits bodies to less than a small event.";
    case 502:
    case 503:
    case 504:
      return "A proxy answers, but the service behind it does not.";
    default:
      return undefined;
  }
}

function isAccepted({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

function describe(answer: Answer): string {
  const error = errorOf(answer);
  // What a stranger's server says may be anything.
  return error !== undefined && /^[\w .,:'-]{1,80}$/.test(error)
    ? `${answer.status} ${error}`
    : String(answer.status);
}
