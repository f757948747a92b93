import { afterEach, describe, expect, test, vi } from "vitest";
import { asymmetricKey } from "../src/asymmetric.ts";
import { createReceiver, createVerifier, diagnose } from "../src/index.ts";
import type { HeadersInput } from "../src/index.ts";
import { printable } from "../src/lib/printable.ts";
import { signMessage } from "../src/testing.ts";
import {
  COMPLETED,
  OTHER_SECRET,
  SECRET,
  errorOf,
  now,
  post,
  signatureOf,
  signedHeaders,
} from "./support/deliveries.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

function verify(headers: HeadersInput, body: Uint8Array | string = COMPLETED): unknown {
  return createVerifier({ signingSecret: SECRET, now }).verify({ headers, body });
}

describe("a signature header that a server joined", () => {
  test.each(["garbage", "v2", "", "v1,x", "é", "v1a"])("the first value is %j: refused", (first) => {
    const good = signatureOf({});
    for (const joined of [`${first}, ${good}`, `${good}, ${first}`]) {
      // The version alone, or nothing: not told from a token without its signature, which is passed over.
      if (/^(?:v\d+a?|)$/.test(first) && joined.startsWith(first)) continue;
      const { code } = errorOf(() => verify({ ...signedHeaders(), "svix-signature": joined }));
      expect(code).toBe("invalid_header");
    }
  });
});

describe("what comes from our own set-up is not the sender's fault", () => {
  test("a headers function that throws", async () => {
    const request: { headers?: Record<string, string> } = {};
    // As an adapter of somebody's own may have it.
    const headers = (name: string): string | undefined => (request.headers as Record<string, string>)[name];
    expect(errorOf(() => verify(headers))).toMatchObject({ code: "invalid_option", status: 500 });
    const onRejected = vi.fn();
    const receiver = createReceiver({ signingSecret: SECRET, onRejected });
    const reply = await receiver.receive({ method: "POST", headers, body: "" });
    expect([reply.status, reply.body]).toEqual([500, '{"error":"invalid_option"}']);
    expect(onRejected).toHaveBeenCalledOnce();
  });

  test("no headers at all", () => {
    for (const headers of [undefined, null, "svix-id: a"]) {
      expect(errorOf(() => verify(headers as unknown as HeadersInput)).code).toBe("invalid_option");
    }
  });

  test("bytes whose buffer was transferred", () => {
    const bytes = new TextEncoder().encode(COMPLETED);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    for (const body of [bytes, bytes.buffer as unknown as Uint8Array]) {
      expect(errorOf(() => verify(signedHeaders(), body))).toMatchObject({
        code: "body_already_parsed",
        status: 500,
      });
    }
    // Nothing is nothing, and was not transferred.
    expect(errorOf(() => verify(signedHeaders(), new Uint8Array())).code).toBe("no_matching_signature");
  });
});

describe("hints", () => {
  test("a body that is still in base64", () => {
    for (const json of [COMPLETED, '{ "a": 1 }', '{\n  "a": 1 }', '{\r\n"a":1}']) {
      const body = Buffer.from(json).toString("base64");
      expect(errorOf(() => verify(signedHeaders(), body)).hint).toMatch(/isBase64Encoded/);
    }
    expect(errorOf(() => verify(signedHeaders(), "eyes only")).hint).not.toMatch(/isBase64Encoded/);
  });

  test("a day-old replay: the option, and what a resend does", () => {
    const { hint } = errorOf(() =>
      verify(signedHeaders({ timestamp: String(Math.floor(now() / 1000) - 86_400) })),
    );
    expect(hint).toMatch(/toleranceInSeconds/);
    expect(hint).toMatch(/resend/i);
  });
});

describe("foreign text on a line of a log", () => {
  const NASTY = "\u001B]0;owned\u0007\u009B31m\u202Eabc\u2028\r\nFAKE LOG LINE";

  test("has no control, format or line-breaking character, and an end", () => {
    const text = printable(NASTY.repeat(100));
    expect(text).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    expect(text.length).toBeLessThan(110);
    expect(printable("generation.completed é 日本")).toBe("generation.completed é 日本");
  });

  test("an event type that is signed but foreign", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const receiver = createReceiver({
      signingSecret: SECRET,
      onUnknown: () => {
        throw new Error("no");
      },
    });
    const { headers, body } = signMessage({
      signingSecret: SECRET,
      body: JSON.stringify({ eventType: NASTY.repeat(100) }),
    });
    await receiver.receive({ method: "POST", headers, body });
    await receiver.idle();
    const [line] = log.mock.calls[0] as [string];
    expect(line).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    expect(line.length).toBeLessThan(300);
  });

  test("a method", async () => {
    const onRejected = vi.fn<(error: Error) => void>();
    const receiver = createReceiver({ signingSecret: SECRET, onRejected });
    await receiver.receive(post({}, { method: NASTY }));
    expect(onRejected.mock.calls[0]?.[0].message).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
  });
});

describe("diagnose", () => {
  const headers = signedHeaders({ secret: OTHER_SECRET });

  test("shows no secret that stands where its name belongs", () => {
    const key = SECRET.slice("whsec_".length);
    for (const name of [SECRET, key, `${SECRET}\n`]) {
      const { findings } = diagnose({
        headers,
        body: COMPLETED,
        now,
        signingSecret: { [name]: "studio" },
        otherSecrets: { [name]: OTHER_SECRET },
      });
      expect(findings.length).toBeGreaterThan(0);
      expect(JSON.stringify(findings)).not.toContain(key.slice(2, 12));
    }
  });

  test("knows asymmetric keys", () => {
    const publicKey = `whpk_${Buffer.alloc(32, 1).toString("base64")}`;
    const v1a = { ...headers, "svix-signature": `v1a,${Buffer.alloc(64).toString("base64")}` };
    const codes = (
      signingSecret: Parameters<typeof diagnose>[0]["signingSecret"],
      sent: HeadersInput,
    ): string[] =>
      diagnose({ headers: sent, body: COMPLETED, now, signingSecret }).findings.map(({ code }) => code);
    expect(codes(SECRET, v1a)).toEqual(["signature_asymmetric"]);
    expect(codes(publicKey, v1a)).toContain("secret_wrong_prefix");
    expect(codes(asymmetricKey(publicKey), v1a)).toEqual(["signature_mismatch"]);
    expect(codes(asymmetricKey(publicKey), headers)).toEqual(["signature_mismatch"]);
  });
});
