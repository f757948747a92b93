import { randomUUID } from "node:crypto";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { SIGNING_SECRET, makeBody } from "./messages.ts";

/** Where every server of the benchmark receives. */
export const PATH = "/webhooks";
/** Polar takes the text itself for the key, not what it stands for in base64. */
export const POLAR_SECRET = "polar_whs_0123456789abcdefghijklmnopqrstuv";

const diffioSigner = new StandardWebhook(SIGNING_SECRET);
const polarSigner = new StandardWebhook(Buffer.from(POLAR_SECRET).toString("base64"));
let serial = 0;

/** The requests of deliveries never sent before, signed now, as bytes for the wire. */
export function makeRequests(kind: "diffio" | "polar", count: number, bytes: number): Buffer[] {
  return Array.from({ length: count }, () => (kind === "diffio" ? diffioRequest(bytes) : polarRequest()));
}

function diffioRequest(bytes: number): Buffer {
  const body = makeBody(bytes, serial++) as Buffer;
  const signed = sign(diffioSigner, body.toString());
  return toRequest(
    {
      "svix-id": signed.id,
      "svix-timestamp": signed.timestamp,
      "svix-signature": signed.signature,
    },
    body,
  );
}

/** Polar's smallest event of much the same size as ours: its adapters take none that they do not know. */
function polarRequest(): Buffer {
  const now = new Date();
  const body = JSON.stringify({
    type: "customer.created",
    timestamp: now.toISOString(),
    data: {
      id: randomUUID(),
      created_at: now.toISOString(),
      modified_at: null,
      metadata: {},
      external_id: null,
      email: `customer-${serial++}@example.com`,
      email_verified: true,
      name: null,
      billing_address: null,
      tax_id: null,
      organization_id: randomUUID(),
      deleted_at: null,
      avatar_url: "",
    },
  });
  const signed = sign(polarSigner, body);
  return toRequest(
    {
      "webhook-id": signed.id,
      "webhook-timestamp": signed.timestamp,
      "webhook-signature": signed.signature,
    },
    Buffer.from(body),
  );
}

function sign(signer: StandardWebhook, body: string): { id: string; timestamp: string; signature: string } {
  const id = `msg_${randomUUID().replaceAll("-", "")}`;
  const now = new Date();
  return { id, timestamp: String(Math.floor(now.getTime() / 1000)), signature: signer.sign(id, now, body) };
}

function toRequest(signed: Record<string, string>, body: Uint8Array): Buffer {
  const headers = {
    host: "127.0.0.1",
    "user-agent": "Svix-Webhooks/1.62.0",
    accept: "*/*",
    "content-type": "application/json",
    "content-length": String(body.length),
    ...signed,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${PATH} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1"), body]);
}
