import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WebhookError, createReceiver, createVerifier } from "../src/index.ts";
import type { SigningSecrets } from "../src/index.ts";
import { signMessage } from "../src/testing.ts";
import { MESSAGE_ID, SECRET, errorOf, everythingIn, now, post, signedHeaders } from "./support/deliveries.ts";
import { BAD_SECRETS, secretOfBytes } from "./vectors/secrets.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Whether a verifier with the secret takes what was signed with it. */
function accepts(signingSecret: string): boolean {
  const headers = signedHeaders({ secret: signingSecret });
  const body = post().body as string;
  return createVerifier({ signingSecret, now }).verify({ headers, body }).messageId === MESSAGE_ID;
}

/** All that is told of a secret; nothing of one that is good after all. */
function toldOf(signingSecret: string): string {
  try {
    createVerifier({ signingSecret });
    return "";
  } catch (error) {
    return error instanceof WebhookError ? everythingIn(error) : String(error);
  }
}

describe("bad secrets", () => {
  const cases = BAD_SECRETS.map(([name, secret, hint = /./]) => ({ name, secret, hint }));

  test.each(cases)("$name", ({ secret, hint }) => {
    const signingSecret = secret as SigningSecrets;
    const errors = [
      errorOf(() => createVerifier({ signingSecret })),
      errorOf(() => createReceiver({ signingSecret })),
      errorOf(() => signMessage({ signingSecret: [signingSecret].flat() as string[], body: "" })),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({ code: "invalid_secret", status: 500, name: "WebhookError" });
    }
    for (const error of errors.slice(0, 2)) {
      expect(error.hint).toMatch(/./);
      expect(`${error.message} ${error.hint}`).toMatch(hint);
    }
  });

  test("a verifier takes no function", () => {
    const signingSecret = (() => SECRET) as unknown as SigningSecrets;
    expect(errorOf(() => createVerifier({ signingSecret })).code).toBe("invalid_secret");
  });

  test("an asymmetric key is told from other nonsense", () => {
    const told = (signingSecret: string): string => {
      const { message, hint } = errorOf(() => createVerifier({ signingSecret }));
      return `${message} ${hint}`;
    };
    expect(told("whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).toMatch(/public key.*core\/asymmetric/s);
    expect(told("whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).toMatch(/private key.*only the sender/is);
  });

  test("a hole in a list is a secret that is missing", () => {
    const sparse = [SECRET];
    sparse[2] = SECRET;
    for (const signingSecret of [sparse, { one: sparse }]) {
      expect(errorOf(() => createReceiver({ signingSecret })).code).toBe("invalid_secret");
    }
  });

  test("a secret where its name belongs is refused, and not repeated", () => {
    const { message, hint } = errorOf(() => createReceiver({ signingSecret: { [SECRET]: "studio" } }));
    expect(`${message} ${hint}`).toMatch(/name/);
    expect(`${message} ${hint}`).not.toContain(SECRET.slice(6, 20));
  });

  test("no message, hint, cause or stack holds a piece of the secret", () => {
    const texts = BAD_SECRETS.flatMap(([, secret]) => [secret].flat()).filter(
      (secret) => typeof secret === "string",
    );
    for (const secret of texts) {
      const encoded = secret.replace(/^\W*wh\w\w{1,2}_/, "");
      if (encoded.trim().length < 8) continue;
      const told = toldOf(secret);
      for (let at = 0; at + 8 <= encoded.length; at++) expect(told).not.toContain(encoded.slice(at, at + 8));
    }
  });

  test("property: whatever it is, none of it is told", () => {
    const lettersOrNot = fc.oneof(
      fc.base64String({ minLength: 16, maxLength: 140 }),
      fc.string({ unit: "binary", minLength: 16, maxLength: 140 }),
    );
    fc.assert(
      fc.property(lettersOrNot, fc.constantFrom("", "whsec_", "whsk_", " ", '"'), (text, before) => {
        const secret = before + text;
        fc.pre(text.trim().length >= 12);
        const told = toldOf(secret);
        expect(told).not.toContain(text.trim().slice(0, 12));
        expect(told).not.toContain(text.trim().slice(-12));
      }),
      { numRuns: 300 },
    );
  });
});

describe("good secrets", () => {
  test.each([24, 25, 26, 32, 63, 64, 65, 74, 75])("%i bytes, with and without prefix", (length) => {
    const secret = secretOfBytes(length);
    expect(accepts(secret)).toBe(true);
    expect(accepts(secret.slice("whsec_".length))).toBe(true);
  });

  test("property: 24 to 75 bytes of canonical base64, and no other number of bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 120 }), fc.boolean(), (bytes, prefixed) => {
        const secret = (prefixed ? "whsec_" : "") + Buffer.from(bytes).toString("base64");
        if (bytes.length >= 24 && bytes.length <= 75) expect(accepts(secret)).toBe(true);
        else expect(errorOf(() => createVerifier({ signingSecret: secret })).code).toBe("invalid_secret");
      }),
    );
  });

  test("property: one changed character is another secret or none", () => {
    const { body } = post();
    const delivery = { headers: signedHeaders(), body: body as string };
    fc.assert(
      fc.property(
        fc.nat({ max: SECRET.length - 1 }),
        fc.string({ minLength: 1, maxLength: 1 }),
        (at, character) => {
          const signingSecret = SECRET.slice(0, at) + character + SECRET.slice(at + 1);
          fc.pre(signingSecret !== SECRET);
          const { code } = errorOf(() => createVerifier({ signingSecret, now }).verify(delivery));
          expect(["invalid_secret", "no_matching_signature"]).toContain(code);
        },
      ),
    );
  });
});

describe("the environment", () => {
  test("DIFFIO_WEBHOOK_SECRET is the default of a receiver", async () => {
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", SECRET);
    const reply = await createReceiver({ now }).receive(post());
    expect(reply.status).toBe(200);
  });

  test("an option goes before it", async () => {
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", secretOfBytes(40));
    const receiver = createReceiver({ signingSecret: SECRET, now });
    expect((await receiver.receive(post())).status).toBe(200);
  });

  test.each([undefined, "", " ", `${SECRET}\n`, "whsec_"])(
    "%j there and no option: refused at once",
    (value) => {
      vi.stubEnv("DIFFIO_WEBHOOK_SECRET", value);
      const error = errorOf(() => createReceiver());
      expect(error.code).toBe("invalid_secret");
      expect(error.hint).toBeTruthy();
    },
  );

  test("the hint names the variable where nothing is set", () => {
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", undefined);
    expect(errorOf(() => createReceiver({ signingSecret: undefined })).hint).toContain(
      "DIFFIO_WEBHOOK_SECRET",
    );
  });
});
