import type { SimulatedClock } from "./clock.ts";
import { notFound } from "./errors.ts";
import { newId } from "./ids.ts";
import { checkSigningSecret } from "./options.ts";
import type { EndpointRecord, ReceivedRecord, TestUrlRecord } from "./records.ts";
import type { Store } from "./store.ts";
import { type Finding, type Verification, verifyArrival } from "./verification.ts";

/** Bytes of a body that are kept; more are verified, but not stored. */
const MAX_STORED_BYTES = 512 * 1024;

/** A temporary receiver: it stores what arrives and answers 200. */
export interface TestUrl {
  readonly id: string;
  /** Anyone who has it can send there: it cannot be guessed. */
  readonly url: string;
  /** The secret to verify with; `null` for those of the endpoints that point to this URL. */
  readonly signingSecret: string | null;
  readonly createdAt: Date;
}

/** A delivery that arrived at a test URL. */
export interface ReceivedDelivery {
  readonly id: string;
  readonly testUrlId: string;
  readonly method: string;
  /** As they came: names in their own case, repeated ones repeated. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The raw bytes, at most 512 KiB of them. */
  readonly body: Uint8Array;
  /** Whether there were more, or the connection ended before all had come. */
  readonly bodyIsCut: boolean;
  /** On the wall clock. */
  readonly receivedAt: Date;
  /** Whether a receiver with the right secret takes it. */
  readonly verified: boolean;
  /** If not, why, in words for a person. */
  readonly findings: readonly Finding[];
}

/** Temporary receivers under the simulator's own URL. Unknown ids throw `not_found`. */
export interface TestUrls {
  /**
   * Point an endpoint to its `url`, and it knows the secret. `signingSecret` is for deliveries of another sender.
   *
   * @throws WebhookError `invalid_secret`
   */
  create(options?: { signingSecret?: string | undefined }): Promise<TestUrl>;
  /** Oldest first. */
  list(): Promise<TestUrl[]>;
  get(id: string): Promise<TestUrl>;
  /** With all that arrived. */
  remove(id: string): Promise<void>;
  /** What arrived, newest first; the last 100 are kept. */
  deliveries(id: string): Promise<ReceivedDelivery[]>;
}

/** What arrives over HTTP. */
export interface Arrival {
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** Whether the connection ended before all of the body had come. */
  readonly isIncomplete: boolean;
}

/** Makes the operations on test URLs, and the function that takes what arrives (false for an unknown token). */
export function createTestUrls(
  { store, clock }: { store: Store; clock: SimulatedClock },
  urlOf: (token: string) => string,
): { readonly testUrls: TestUrls; receive(this: void, token: string, arrival: Arrival): boolean } {
  function find(id: string): TestUrlRecord {
    const testUrl = store.get("testUrl", id);
    if (testUrl) return testUrl;
    throw notFound("test URL", id, "testUrls.list() names those that there are.");
  }

  const toTestUrl = ({ token, createdAt, ...rest }: TestUrlRecord): TestUrl => {
    return { ...rest, url: urlOf(token), createdAt: new Date(createdAt) };
  };

  function verify(arrival: Arrival, testUrl: TestUrlRecord): Verification {
    const endpoints = store.all("endpoint");
    const pointsHere = ({ url }: EndpointRecord): boolean => url === urlOf(testUrl.token);
    const pointing = endpoints.filter(pointsHere);
    const others = endpoints.filter((endpoint) => !pointsHere(endpoint));
    return verifyArrival(arrival, testUrl, { pointing, others }, clock.now());
  }

  const testUrls: TestUrls = {
    async create({ signingSecret } = {}) {
      if (signingSecret !== undefined) checkSigningSecret(signingSecret);
      const testUrl: TestUrlRecord = {
        id: newId("in"),
        token: newId("t").slice(2),
        signingSecret: signingSecret ?? null,
        createdAt: clock.now(),
      };
      store.save("testUrl", testUrl);
      return toTestUrl(testUrl);
    },
    async list() {
      return store.all("testUrl").map(toTestUrl);
    },
    async get(id) {
      return toTestUrl(find(id));
    },
    async remove(id) {
      find(id);
      store.remove("testUrl", id);
    },
    async deliveries(id) {
      find(id);
      return store
        .all("received")
        .filter(({ testUrlId }) => testUrlId === id)
        .toReversed()
        .map(toReceivedDelivery);
    },
  };

  return {
    testUrls,
    receive(token, arrival) {
      const { method, headers, body, isIncomplete } = arrival;
      const testUrl = store.all("testUrl").find((one) => one.token === token);
      if (!testUrl) return false;
      const received: ReceivedRecord = {
        id: newId("rcv"),
        testUrlId: testUrl.id,
        method,
        headers,
        body: Buffer.from(body.subarray(0, MAX_STORED_BYTES)).toString("base64"),
        bodyIsCut: isIncomplete || body.length > MAX_STORED_BYTES,
        receivedAt: Date.now(),
        ...verify(arrival, testUrl),
      };
      store.save("received", received);
      return true;
    },
  };
}

function toReceivedDelivery({ body, receivedAt, ...rest }: ReceivedRecord): ReceivedDelivery {
  return { ...rest, body: new Uint8Array(Buffer.from(body, "base64")), receivedAt: new Date(receivedAt) };
}
