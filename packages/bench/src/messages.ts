import { type SignedMessage, sampleEvent, signMessage } from "@diffio-webhooks/core/testing";

/** A secret of the size that the sender makes. */
export const SIGNING_SECRET = "whsec_ZGlmZmlvLWJlbmNobWFyay1zZWNyZXQtMDE=";

/** At most so many bytes of bodies at once: about what a second-level cache and a bit hold, as fresh deliveries do. */
const MAX_TOTAL_BYTES = 4 * 1024 * 1024;
const MAX_MESSAGES = 4096;
const MIN_MESSAGES = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Whether this is Node itself, where servers hand out `Buffer`s; elsewhere they hand out plain `Uint8Array`s. */
export const isNode: boolean =
  typeof process === "object" &&
  process.release?.name === "node" &&
  !("Bun" in globalThis) &&
  !("Deno" in globalThis);

/** A message as the contestants take it. */
export type BenchMessage = Pick<SignedMessage, "headers" | "body">;

/** How many distinct messages of a size are prepared. */
export function messageCount(bytes: number): number {
  return Math.min(MAX_MESSAGES, Math.max(MIN_MESSAGES, Math.floor(MAX_TOTAL_BYTES / bytes)));
}

/** The bytes of one event; no two serial numbers give the same. */
export function makeBody(bytes: number, serial: number): Uint8Array {
  return toRuntimeBytes(eventText(bytes, serial));
}

/** One signed message of the given body size. */
export function makeMessage(bytes: number, serial: number): BenchMessage {
  const { headers, body } = signMessage({
    signingSecret: SIGNING_SECRET,
    body: makeBody(bytes, serial),
    id: `msg_${digits(serial, 27)}`,
  });
  return {
    headers: {
      "svix-id": asReceived(headers["svix-id"]),
      "svix-timestamp": asReceived(headers["svix-timestamp"]),
      "svix-signature": asReceived(headers["svix-signature"]),
    },
    body,
  };
}

/** The headers of the whole request, as Node hands them out. */
export function wholeRequestHeaders({ headers, body }: BenchMessage): Record<string, string> {
  return {
    host: "hooks.example.com",
    "user-agent": "Svix-Webhooks/1.62.0 (sender-9YMgn; +https://www.svix.com/http-sender/)",
    "content-length": String(body.length),
    accept: "*/*",
    "content-type": "application/json",
    ...headers,
    "accept-encoding": "gzip",
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-proto": "https",
  };
}

/** An event of exactly so many bytes: the documented fields, and for larger bodies a list as an extra field. */
function eventText(bytes: number, serial: number): string {
  const event = sampleEvent("generation.failed", {
    eventId: `evt_${digits(serial, 20)}`,
    apiKeyId: `key_${digits(serial % 7, 12)}`,
    generationId: `gen_${digits(serial * 31, 20)}`,
    errorDetails: "",
  });
  const segments: unknown[] = [];
  let free = bytes - JSON.stringify(event).length - 16;
  for (let index = 0; free > 200; index++) {
    const segment = {
      start: index * 4.25,
      end: index * 4.25 + 4,
      kind: "speech",
      id: digits(serial + index, 16),
    };
    segments.push(segment);
    free -= JSON.stringify(segment).length + 1;
  }
  const whole = segments.length > 0 ? { ...event, segments } : event;
  const missing = bytes - JSON.stringify(whole).length;
  return JSON.stringify({ ...whole, errorDetails: filler(missing, serial) });
}

function filler(length: number, serial: number): string {
  return `The source of job ${serial} could not be decoded: no audio track was found. `
    .repeat(8)
    .slice(0, length);
}

/** Looks random, differs for each serial number, and is the same in each run. */
function digits(serial: number, length: number): string {
  let state = (serial + 1) * 2_654_435_761;
  let text = serial.toString(36);
  while (text.length < length) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    text = state.toString(36) + text;
  }
  return text.slice(-length);
}

function toRuntimeBytes(text: string): Uint8Array {
  return isNode ? Buffer.from(text) : encoder.encode(text);
}

/** The same text as a flat string of its own, as a server makes it from the wire; concatenations are not. */
function asReceived(text: string): string {
  return decoder.decode(encoder.encode(text));
}
