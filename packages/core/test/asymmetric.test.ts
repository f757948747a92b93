import { type KeyObject, generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { asymmetricKey } from "../src/asymmetric.ts";
import { createReceiver, createVerifier } from "../src/index.ts";
import type { SigningSecrets } from "../src/index.ts";
import * as node from "../src/lib/verify/ed25519.node.ts";
import * as portable from "../src/lib/verify/ed25519.portable.ts";
import { signMessage } from "../src/testing.ts";
import { SECRET, errorOf } from "./support/deliveries.ts";
import { PUBLISHED_PUBLIC_KEY, PUBLISHED_V1A } from "./vectors/published.ts";
import { RFC_8032, SMALL_ORDER_KEY } from "./vectors/rfc8032.ts";

const BODY = Buffer.from('{"type":"é"}');
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

function keyPair(): { privateKey: KeyObject; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  return { privateKey, publicKey: `whpk_${Buffer.from(x, "base64url").toString("base64")}` };
}

function signature(privateKey: KeyObject, signed: string | Uint8Array): Buffer {
  return sign(null, Buffer.from(signed), privateKey);
}

const NOW = Math.floor(Date.now() / 1000);
const { privateKey, publicKey } = keyPair();
const SIGNED = signature(privateKey, Buffer.concat([Buffer.from(`msg_1.${NOW}.`), BODY]));
const TOKEN = `v1a,${SIGNED.toString("base64")}`;

/** The code of the refusal, or nothing where the delivery verifies. */
function refusal(
  signingSecret: SigningSecrets,
  svixSignature: string,
  body: Uint8Array = BODY,
): string | undefined {
  const headers = { "svix-id": "msg_1", "svix-timestamp": String(NOW), "svix-signature": svixSignature };
  try {
    createVerifier({ signingSecret }).verify({ headers, body });
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const symmetric = signMessage({ signingSecret: SECRET, body: BODY, id: "msg_1", timestamp: NOW }).headers[
  "svix-signature"
];

describe.each([
  ["node:crypto", node],
  ["@noble/ed25519", portable],
])("ed25519 by %s", (_name, { createEd25519Verifier }) => {
  test.each(RFC_8032)("RFC 8032, $name", ({ key, message, signed }) => {
    const verify = createEd25519Verifier(Buffer.from(key, "hex"));
    const bytes = Buffer.from(signed, "hex");
    expect(verify(Buffer.from(message, "hex"), bytes)).toBe(true);
    expect(verify(Buffer.from(`${message}00`, "hex"), bytes)).toBe(false);
    for (const at of [0, 31, 32, 63]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(verify(Buffer.from(message, "hex"), changed)).toBe(false);
    }
  });

  test("S that is not reduced does not verify", () => {
    const [{ key, message, signed }] = RFC_8032;
    const bytes = Buffer.from(signed, "hex");
    let s = BigInt(`0x${Buffer.from(bytes.subarray(32).toReversed()).toString("hex")}`) + L;
    for (let at = 32; at < 64; at++, s >>= 8n) bytes[at] = Number(s & 255n);
    expect(createEd25519Verifier(Buffer.from(key, "hex"))(Buffer.from(message, "hex"), bytes)).toBe(false);
  });
});

describe("asymmetricKey", () => {
  test("verifies a message that Svix's own tests publish", () => {
    const headers = {
      "svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "svix-timestamp": "1614265330",
      "svix-signature": PUBLISHED_V1A,
    };
    const signingSecret = asymmetricKey(PUBLISHED_PUBLIC_KEY);
    const verifier = createVerifier({ signingSecret, now: () => 1_614_265_330_000 });
    expect(verifier.verify({ headers, body: '{"test": 2432232314}' }).messageId).toBe(headers["svix-id"]);
  });

  test("verifies a v1a signature, alone and among others", () => {
    const key = asymmetricKey(publicKey);
    const other = asymmetricKey(keyPair().publicKey);
    expect(refusal(key, TOKEN)).toBeUndefined();
    expect(refusal([other, key], TOKEN)).toBeUndefined();
    expect(refusal(key, `v1a,${SIGNED.toString("base64").replace(/^./, "_")} v2,x ${TOKEN}`)).toBeUndefined();
    expect(refusal(other, TOKEN)).toBe("no_matching_signature");
    expect(refusal(key, TOKEN, Buffer.from("{}"))).toBe("no_matching_signature");
  });

  test("a migration from one kind to the other works in both directions", () => {
    const key = asymmetricKey(publicKey);
    for (const header of [TOKEN, symmetric, `${TOKEN} ${symmetric}`, `${symmetric} ${TOKEN}`]) {
      expect(refusal([SECRET, key], header)).toBeUndefined();
      expect(refusal({ old: SECRET, new: [key] }, header)).toBeUndefined();
    }
  });

  test("the key's kind fixes the algorithm", () => {
    expect(refusal(SECRET, TOKEN)).toBe("invalid_signature_header");
    expect(refusal(asymmetricKey(publicKey), symmetric)).toBe("no_matching_signature");
    // The public key is no secret: whoever knows it must not sign with it.
    const forged = signMessage({
      signingSecret: publicKey.slice("whpk_".length),
      body: BODY,
      id: "msg_1",
      timestamp: NOW,
    }).headers["svix-signature"];
    expect(refusal(asymmetricKey(publicKey), forged)).toBe("no_matching_signature");
    expect(refusal(asymmetricKey(publicKey), forged.replace("v1,", "v1a,"))).toBe("no_matching_signature");
  });

  test("other spellings of a signature do not verify", () => {
    const key = asymmetricKey(publicKey);
    const base64 = SIGNED.toString("base64");
    for (const token of [
      `v1a,${base64.replace(/=+$/, "")}`,
      `v1a,${base64}=`,
      `v1a,${SIGNED.toString("hex")}`,
      `v1a,${base64.slice(0, -3)}${base64.at(-3) === "A" ? "B" : "A"}==`,
      `v1A,${base64}`,
      "v1a,",
    ]) {
      expect(refusal(key, token)).toMatch(/^(no_matching_signature|invalid_signature_header)$/);
    }
    expect(refusal(key, "v2,x")).toBe("invalid_signature_header");
    expect(refusal(key, Array.from({ length: 33 }, () => TOKEN).join(" "))).toBe("invalid_signature_header");
  });

  test("a key of small order verifies nothing by the strict rules", () => {
    const verify = portable.createEd25519Verifier(Buffer.from(SMALL_ORDER_KEY, "hex"));
    const universal = Buffer.alloc(64);
    universal[0] = 1;
    expect(verify(BODY, universal)).toBe(false);
  });

  test("whatever is no public key is refused, and not repeated", () => {
    const wrong = [
      "",
      "whpk_",
      `${publicKey}=`,
      publicKey.slice(0, -4),
      publicKey.slice(5),
      SECRET,
      42,
      null,
    ];
    for (const key of wrong) {
      expect(errorOf(() => asymmetricKey(key as string))).toMatchObject({
        code: "invalid_secret",
        hint: expect.stringMatching(/whpk_/) as string,
      });
    }
    const secretKey = `whsk_${Buffer.alloc(64, 7).toString("base64")}`;
    const { message, hint } = errorOf(() => asymmetricKey(secretKey));
    expect(`${message} ${hint}`).toMatch(/private key/);
    expect(`${message} ${hint}`).not.toContain(secretKey.slice(5, 20));
  });

  test("a receiver takes it, from a function too, and names it", async () => {
    for (const signingSecret of [
      { eu: asymmetricKey(publicKey) },
      async () => ({ eu: asymmetricKey(publicKey) }),
      () => ({ eu: asymmetricKey(publicKey), us: SECRET }),
    ]) {
      const names: unknown[] = [];
      const receiver = createReceiver({
        signingSecret,
        onAny: (_event, { secretName }) => void names.push(secretName),
      });
      const headers = { "webhook-id": "msg_1", "webhook-timestamp": String(NOW), "webhook-signature": TOKEN };
      const body = Buffer.from('{"eventType":"x"}');
      const signed = signature(privateKey, Buffer.concat([Buffer.from(`msg_1.${NOW}.`), body]));
      headers["webhook-signature"] = `v1a,${signed.toString("base64")}`;
      expect((await receiver.receive({ method: "POST", headers, body })).status).toBe(200);
      await receiver.idle();
      expect(names).toEqual(["eu"]);
    }
  });
});
