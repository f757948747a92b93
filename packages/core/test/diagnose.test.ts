import {
  FORGERS_SECRET,
  SECRET,
  hmacSignature,
  signatureHeaders,
} from "@diffio-webhooks/test-support/signing";
import fc from "fast-check";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { createVerifier, diagnose } from "../src/index.ts";
import type { DiagnoseOptions, FindingCode, HeadersInput, SigningSecrets } from "../src/index.ts";
import { sampleEvent } from "../src/testing.ts";
import { errorOf } from "./support/deliveries.ts";
import { CHANGED_BODIES } from "./vectors/changed-bodies.ts";
import { BAD_SECRETS, secretOfBytes } from "./vectors/secrets.ts";

const EVENT = sampleEvent("generation.completed");
const COMPACT = JSON.stringify(EVENT);
const PRETTY = JSON.stringify(EVENT, null, 2);
const BASE64 = SECRET.slice("whsec_".length);

/** Signs one body and diagnoses another, or the same with something else changed. */
function diagnoseSigned(signed: string | Uint8Array, options: Partial<DiagnoseOptions> = {}) {
  return diagnose({
    headers: signatureHeaders(signed),
    body: signed,
    signingSecret: SECRET,
    ...options,
  });
}

function codesOf(signed: string | Uint8Array, options: Partial<DiagnoseOptions> = {}): FindingCode[] {
  const { verified, findings } = diagnoseSigned(signed, options);
  expect(verified).toBe(false);
  for (const { message, hint } of findings) {
    expect(message).toMatch(/\.$/);
    expect(hint).toMatch(/\.$/);
  }
  return findings.map(({ code }) => code);
}

/** What svix signs now, with a header taken out or put in another way. */
function changedHeaders(changes: Record<string, unknown>, body = COMPACT): HeadersInput {
  const headers: Record<string, unknown> = { ...signatureHeaders(body), ...changes };
  return headers as HeadersInput;
}

describe("a delivery as it should be", () => {
  test.each([COMPACT, PRETTY, "{}", "\uFEFF{}\r\n", "no JSON"])("signed by svix: %j", (body) => {
    expect(diagnoseSigned(body)).toEqual({ verified: true, findings: [] });
  });

  test("signed by standardwebhooks, with the white-labelled names", () => {
    const at = new Date();
    const headers = {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new StandardWebhook(SECRET).sign("msg_1", at, COMPACT),
    };
    expect(diagnoseSigned(COMPACT, { headers })).toEqual({ verified: true, findings: [] });
    expect(diagnoseSigned(COMPACT, { headers: new Headers(headers) }).verified).toBe(true);
    expect(codesOf(COMPACT, { headers, body: PRETTY })).toEqual(["body_reserialised"]);
  });

  test("during a rotation, with either secret", () => {
    const headers = signatureHeaders(COMPACT, { secrets: [FORGERS_SECRET, SECRET] });
    const signingSecret = { new: FORGERS_SECRET, old: [SECRET] };
    expect(diagnoseSigned(COMPACT, { headers, signingSecret })).toEqual({ verified: true, findings: [] });
  });
});

describe("the body", () => {
  test.each(CHANGED_BODIES)("$name", ({ signed, received, code, message }) => {
    expect(diagnoseSigned(signed, { body: received })).toEqual({
      verified: false,
      findings: [{ code, message: expect.stringMatching(message), hint: expect.stringMatching(/bytes/) }],
    });
    if (typeof received === "string")
      expect(codesOf(signed, { body: Buffer.from(received) })).toEqual([code]);
  });

  test.each([
    ["an object", EVENT, "body_parsed"],
    ["a list", [EVENT], "body_parsed"],
    ["what Express leaves of a body it did not parse", {}, "body_parsed"],
    ["a circle", circle(), "body_parsed"],
    ["nothing", undefined, "body_empty"],
    ["null", null, "body_empty"],
    ["no bytes", new Uint8Array(), "body_empty"],
    ["an empty string", "", "body_empty"],
  ] as const)("%s", (_name, body, code) => {
    expect(codesOf(COMPACT, { body })).toEqual([code]);
  });

  test("parsed already, and with another secret: both are told", () => {
    const otherSecrets = { staging: FORGERS_SECRET };
    const headers = signatureHeaders(COMPACT, { secrets: [FORGERS_SECRET] });
    expect(codesOf(COMPACT, { headers, body: EVENT, otherSecrets })).toEqual([
      "secret_of_other_endpoint",
      "body_parsed",
    ]);
  });

  test("compressed", () => {
    const gzip = Uint8Array.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 0xff]);
    expect(codesOf(COMPACT, { body: gzip })).toEqual(["body_compressed"]);
    const inflated = { ...signatureHeaders(gzip), "content-encoding": "gzip" };
    expect(codesOf(gzip, { headers: inflated, body: COMPACT })).toEqual(["body_compressed"]);
    // Authentic, but no receiver takes it.
    expect(diagnoseSigned(gzip, { headers: inflated })).toEqual({
      verified: true,
      findings: [expect.objectContaining({ code: "body_compressed" })],
    });
    const identity = { ...signatureHeaders(COMPACT), "content-encoding": "identity" };
    expect(diagnoseSigned(COMPACT, { headers: identity }).findings).toEqual([]);
  });

  test("decoded in pieces", () => {
    const event = JSON.stringify({ ...EVENT, error: "Größe" });
    const body = Buffer.from(event);
    const cut = body.indexOf("ö") + 1;
    const pieces = body.subarray(0, cut).toString() + body.subarray(cut).toString();
    const { findings } = diagnoseSigned(event, { body: pieces });
    expect(findings).toEqual([
      expect.objectContaining({ code: "body_charset", hint: expect.stringMatching(/concat/) }),
    ]);
  });

  test("cut, tampered with, or forged", () => {
    expect(codesOf(COMPACT, { body: COMPACT.slice(0, 40) })).toEqual(["body_not_json"]);
    expect(codesOf(COMPACT, { body: "<html></html>" })).toEqual(["body_not_json"]);
    expect(codesOf(COMPACT, { body: Uint8Array.from([0xff, 0xfe, 0]) })).toEqual(["body_not_json"]);
    expect(codesOf(COMPACT, { body: COMPACT.replace("gen_123", "gen_124") })).toEqual(["signature_mismatch"]);
    const forged = signatureHeaders(COMPACT, { secrets: [FORGERS_SECRET] });
    expect(codesOf(COMPACT, { headers: forged })).toEqual(["signature_mismatch"]);
  });

  test("nested so deeply that it cannot be written again", () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    expect(codesOf(COMPACT, { body: deep })).toHaveLength(1);
  });
});

describe("the secret", () => {
  test.each<[name: string, secret: unknown, code: FindingCode]>([
    ["a newline after it", `${SECRET}\n`, "secret_whitespace"],
    ["a space before it", ` ${SECRET}`, "secret_whitespace"],
    ["a space within", `${SECRET.slice(0, 12)} ${SECRET.slice(12)}`, "secret_whitespace"],
    ["quotes", `"${SECRET}"`, "secret_quoted"],
    ["the whole line of a .env file", `DIFFIO_WEBHOOK_SECRET=${SECRET}`, "secret_malformed"],
    ["the prefix twice", `whsec_${SECRET}`, "secret_malformed"],
    ["needless padding", `${SECRET}=`, "secret_malformed"],
  ])("%s: told, and that it is the right one", (_name, secret, code) => {
    const { verified, findings } = diagnoseSigned(COMPACT, { signingSecret: secret as string });
    expect(verified).toBe(false);
    expect(findings).toEqual([
      expect.objectContaining({ code, hint: expect.stringMatching(/the right one\.$/) }),
    ]);
  });

  test.each<[name: string, secret: unknown, code: FindingCode]>([
    ["nothing", undefined, "secret_missing"],
    ["an empty string", "", "secret_missing"],
    ["blanks", " \n", "secret_missing"],
    ["an empty list", [], "secret_missing"],
    ["an empty record", {}, "secret_missing"],
    ["a number", 42, "secret_missing"],
    ["a public asymmetric key", `whpk_${BASE64}`, "secret_wrong_prefix"],
    ["a private asymmetric key", `whsk_${BASE64}`, "secret_wrong_prefix"],
    ["a prefix in capitals", `Whsec_${BASE64}`, "secret_wrong_prefix"],
    ["an API key", "diffio_live_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "secret_wrong_prefix"],
    ["whsec_ alone", "whsec_", "secret_malformed"],
    ["a part of it", SECRET.slice(0, 20), "secret_malformed"],
    ["no base64", "whsec_!", "secret_malformed"],
  ])("%s", (_name, secret, code) => {
    expect(codesOf(COMPACT, { signingSecret: secret as string })).toEqual([code]);
  });

  test("without its padding: told, and that it is the right one", () => {
    const padded = secretOfBytes(25);
    const headers = signatureHeaders(COMPACT, { secrets: [padded] });
    const { findings } = diagnoseSigned(COMPACT, { headers, signingSecret: padded.replace(/=+$/, "") });
    expect(findings).toMatchObject([
      { code: "secret_malformed", hint: expect.stringMatching(/the right one\.$/) },
    ]);
  });

  test("of a list or a record: which one it is", () => {
    const messages = (signingSecret: SigningSecrets) =>
      diagnoseSigned(COMPACT, { signingSecret }).findings.map(({ message }) => message);
    expect(messages([FORGERS_SECRET, `${SECRET} `])).toEqual([
      expect.stringMatching(/^Signing secret 2 of 2 has white/),
    ]);
    expect(messages({ live: [SECRET, ""] })).toEqual([
      expect.stringMatching(/^The signing secret "live" is empty/),
    ]);
  });

  test("of another endpoint: which one that is", () => {
    const headers = signatureHeaders(COMPACT, { secrets: [FORGERS_SECRET] });
    const otherSecrets = { broken: "whsec_", live: [SECRET], staging: [SECRET, `${FORGERS_SECRET}\n`] };
    const { findings } = diagnoseSigned(COMPACT, { headers, otherSecrets });
    expect(findings).toEqual([
      {
        code: "secret_of_other_endpoint",
        message: expect.stringMatching(/: staging\.$/),
        hint: expect.any(String),
      },
    ]);
    // The endpoint's own comes first.
    expect(diagnoseSigned(COMPACT, { otherSecrets: { same: SECRET } })).toEqual({
      verified: true,
      findings: [],
    });
  });

  test("of another endpoint, and a body that was changed", () => {
    const headers = signatureHeaders(COMPACT, { secrets: [FORGERS_SECRET] });
    const otherSecrets = { staging: FORGERS_SECRET };
    expect(codesOf(COMPACT, { headers, otherSecrets, body: PRETTY })).toEqual([
      "secret_of_other_endpoint",
      "body_reserialised",
    ]);
  });

  test.each(BAD_SECRETS)("never throws, and always says something: %s", (_name, secret) => {
    const { verified, findings } = diagnoseSigned(COMPACT, { signingSecret: secret as SigningSecrets });
    expect(verified).toBe(false);
    expect(findings[0]?.code).toMatch(/^secret_/);
  });
});

describe("the headers", () => {
  test("none", () => {
    const { findings } = diagnoseSigned(COMPACT, { headers: {} });
    expect(findings).toEqual([
      {
        code: "missing_header",
        message: "The delivery has no svix-id, no svix-timestamp, no svix-signature.",
        hint: expect.any(String),
      },
    ]);
  });

  test.each(["svix-id", "svix-timestamp", "svix-signature"])("without %s", (name) => {
    const { findings } = diagnoseSigned(COMPACT, { headers: changedHeaders({ [name]: undefined }) });
    expect(findings).toMatchObject([{ code: "missing_header", message: `The delivery has no ${name}.` }]);
  });

  test.each([
    ["both families", { "webhook-id": "msg_1" }, "mixed_headers"],
    ["two ids", { "svix-id": ["msg_1", "msg_2"] }, "repeated_header"],
    ["two ids, joined", { "svix-id": "msg_1, msg_2" }, "repeated_header"],
    ["a timestamp that is no string", { "svix-timestamp": 1_700_000_000 }, "malformed_header"],
    ["an id with a dot", { "svix-id": "msg.1" }, "malformed_header"],
    ["an endless id", { "svix-id": "m".repeat(200) }, "malformed_header"],
  ] as const)("%s", (_name, changes, code) => {
    expect(codesOf(COMPACT, { headers: changedHeaders(changes) })[0]).toBe(code);
  });

  test("twice the same: that alone is told", () => {
    const headers = signatureHeaders(COMPACT);
    for (const [name, value] of Object.entries(headers)) {
      expect(codesOf(COMPACT, { headers: { ...headers, [name]: [value, value] } })).toEqual([
        "repeated_header",
      ]);
      expect(codesOf(COMPACT, { headers: { ...headers, [name]: `${value}, ${value}` } })).toEqual([
        "repeated_header",
      ]);
    }
  });

  test("one family in part, the other for the rest", () => {
    const { "svix-id": id, ...rest } = signatureHeaders(COMPACT);
    expect(codesOf(COMPACT, { headers: { ...rest, "webhook-id": id } })).toEqual(["mixed_headers"]);
    expect(codesOf(COMPACT, { headers: { ...rest, "webhook-id": id }, body: PRETTY })).toEqual([
      "mixed_headers",
      "body_reserialised",
    ]);
  });

  test.each([
    ["no object", null],
    ["a string", "svix-id: msg_1"],
  ])("%s: the caller's mistake", (_name, headers) => {
    expect(errorOf(() => diagnoseSigned(COMPACT, { headers: headers as never })).code).toBe("invalid_option");
  });
});

describe("the timestamp", () => {
  const seconds = Math.floor(Date.now() / 1000);
  const signedAt = (timestamp: string): HeadersInput => ({
    "svix-id": "msg_1",
    "svix-timestamp": timestamp,
    "svix-signature": hmacSignature(SECRET, "msg_1", timestamp, COMPACT),
  });

  test.each([
    [
      4000,
      /^The delivery was signed 4000 s before .* 300 s\.$/,
      /^The signature is right\. .* ahead by about 4000 s/,
    ],
    [-4000, /^The delivery was signed 4000 s after/, /^The signature is right\. .* behind by about 4000 s/],
  ])("signed %i s ago: so much clock skew", (ageInSeconds, message, hint) => {
    const headers = signatureHeaders(COMPACT, { ageInSeconds });
    const now = (): number => Number(headers["svix-timestamp"]) * 1000 + ageInSeconds * 1000;
    expect(diagnoseSigned(COMPACT, { headers, now })).toEqual({
      verified: false,
      findings: [
        { code: "clock_skew", message: expect.stringMatching(message), hint: expect.stringMatching(hint) },
      ],
    });
    expect(codesOf(COMPACT, { headers, now, body: PRETTY })).toEqual(["clock_skew", "body_reserialised"]);
    expect(codesOf(COMPACT, { headers, now, body: "{}" })).toEqual(["clock_skew", "signature_mismatch"]);
    expect(diagnoseSigned(COMPACT, { headers, now, toleranceInSeconds: 4000 }).verified).toBe(true);
  });

  test.each([
    ["milliseconds", String(seconds * 1000), "timestamp_in_milliseconds"],
    ["a date", new Date().toISOString(), "timestamp_malformed"],
    ["a fraction", `${seconds}.5`, "timestamp_malformed"],
    ["nothing", "", "timestamp_malformed"],
  ] as const)("%s", (_name, timestamp, code) => {
    expect(codesOf(COMPACT, { headers: signedAt(timestamp) })).toEqual([code]);
  });

  test("a tolerance or clock that is none: the caller's mistake", () => {
    expect(errorOf(() => diagnoseSigned(COMPACT, { toleranceInSeconds: -1 })).code).toBe("invalid_option");
    expect(errorOf(() => diagnoseSigned(COMPACT, { now: 5 as never })).code).toBe("invalid_option");
  });
});

describe("the signature", () => {
  const headers = headersForUrlSafe();
  const base64 = headers["svix-signature"].slice("v1,".length);
  const hex = Buffer.from(base64, "base64").toString("hex");
  const base64url = Buffer.from(base64, "base64").toString("base64url");

  test.each<[name: string, signature: string, code: FindingCode]>([
    ["hexadecimal", `v1,${hex}`, "signature_hex"],
    ["hexadecimal, in capitals and bare", hex.toUpperCase(), "signature_hex"],
    ["hexadecimal, as others have it", `sha256=${hex}`, "signature_hex"],
    ["URL-safe", `v1,${base64url}`, "signature_base64url"],
    ["without padding", `v1,${base64.slice(0, -1)}`, "signature_base64url"],
    ["without a version", base64, "signature_malformed"],
    ["with another sign behind the version", `v1=${base64}`, "signature_malformed"],
  ])("%s: told, and nothing else is wrong", (_name, signature, code) => {
    const sent = { ...headers, "svix-signature": signature };
    expect(codesOf(COMPACT, { headers: sent })).toEqual([code]);
    expect(codesOf(COMPACT, { headers: sent, body: PRETTY })).toEqual([code, "body_reserialised"]);
    expect(codesOf(COMPACT, { headers: sent, signingSecret: FORGERS_SECRET })).toEqual([
      code,
      "signature_mismatch",
    ]);
  });

  test.each<[name: string, signature: string, code: FindingCode]>([
    ["asymmetric", `v1a,${Buffer.alloc(64, 7).toString("base64")}`, "signature_asymmetric"],
    ["asymmetric, twice", `v1a,${Buffer.alloc(64, 7).toString("base64")} v1a,x`, "signature_asymmetric"],
    ["nothing", "", "signature_malformed"],
    ["a word", "v1,signature", "signature_malformed"],
  ])("%s", (_name, signature, code) => {
    expect(codesOf(COMPACT, { headers: { ...headers, "svix-signature": signature } })).toEqual([code]);
  });

  test("more than any sender lists: none of them is tried", () => {
    const many = Array.from({ length: 33 }, () => headers["svix-signature"]).join(" ");
    const { findings } = diagnoseSigned(COMPACT, { headers: { ...headers, "svix-signature": many } });
    expect(findings).toEqual([
      {
        code: "signature_malformed",
        message: expect.stringMatching(/more than 32/),
        hint: expect.any(String),
      },
    ]);
  });

  test("asymmetric beside symmetric is as it should be", () => {
    const both = `v1a,${Buffer.alloc(64, 7).toString("base64")} ${headers["svix-signature"]}`;
    const sent = { ...headers, "svix-signature": both };
    expect(diagnoseSigned(COMPACT, { headers: sent })).toEqual({
      verified: true,
      findings: [],
    });
  });
});

describe("properties", () => {
  const pick = <Value>(...values: Value[]) => fc.constantFrom(...values);
  const anyDelivery = fc.record({
    signed: fc.oneof(pick(COMPACT, PRETTY, ""), fc.json(), fc.string()),
    body: fc.oneof(pick<unknown>(COMPACT, PRETTY, EVENT, undefined), fc.anything(), fc.uint8Array()),
    same: pick(true, true, false),
    changes: fc.dictionary(
      pick("svix-id", "svix-timestamp", "svix-signature", "webhook-id", "content-encoding"),
      fc.oneof(
        pick<unknown>(undefined, "v1a,x", "1"),
        fc.string(),
        fc.array(fc.string(), { maxLength: 2 }),
        fc.integer(),
      ),
      { maxKeys: 1 },
    ),
    signingSecret: fc.oneof(pick<unknown>(SECRET, SECRET, FORGERS_SECRET, `${SECRET}\n`), fc.anything()),
    ageInSeconds: pick(0, 0, 299, 1000, -1000),
  });

  test("it says the same as the verifier, and why if it says no", () => {
    let verifiedOnes = 0;
    fc.assert(
      fc.property(anyDelivery, ({ signed, body, same, changes, signingSecret, ageInSeconds }) => {
        const headers = { ...signatureHeaders(signed, { ageInSeconds }), ...changes } as HeadersInput;
        const delivery = { headers, body: (same ? signed : body) as string };
        const options = {
          signingSecret: signingSecret as string,
          now: () => 1000 * Math.floor(Date.now() / 1000),
        };
        const { verified, findings } = diagnose({ ...delivery, ...options });
        let expected = true;
        try {
          createVerifier(options).verify(delivery);
        } catch {
          expected = false;
        }
        verifiedOnes += Number(verified);
        expect(verified).toBe(expected);
        if (!verified) expect(findings.length).toBeGreaterThan(0);
        const words = JSON.stringify(findings);
        expect(words).not.toContain(BASE64);
        expect(words).not.toMatch(/v1,[A-Za-z0-9+/]{43}=/);
      }),
      { numRuns: 1500 },
    );
    expect(verifiedOnes).toBeGreaterThan(50);
  });
});

function circle(): object {
  const object: Record<string, unknown> = {};
  object["itself"] = object;
  return object;
}

/** Headers whose signature has a character that URL-safe base64 spells in another way. */
function headersForUrlSafe(): ReturnType<typeof signatureHeaders> {
  for (;;) {
    const headers = signatureHeaders(COMPACT);
    if (/[+/]/.test(headers["svix-signature"])) return headers;
  }
}
