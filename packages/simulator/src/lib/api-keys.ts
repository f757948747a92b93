import { randomBytes } from "node:crypto";
import type { SimulatedClock } from "./clock.ts";
import { invalidOption } from "./errors.ts";
import { newId } from "./ids.ts";
import { checkObject } from "./options.ts";
import type { ApiKeyRecord } from "./records.ts";
import { type Store, findApiKey } from "./store.ts";
import type { ApiKey } from "./types.ts";

/** The scope that test events need. */
export const TEST_EVENT_SCOPE = "webhooks:write";

/** What may be said of an API key. */
export interface CreateApiKeyOptions {
  /** For people. */
  name: string;
  /** Default `"scoped"`. An Agent key needs no scope, and must name the `apiKeyId` whose endpoints it tests. */
  kind?: ApiKey["kind"] | undefined;
  /** Default `["webhooks:write"]`. */
  scopes?: readonly string[] | undefined;
}

/** API keys: each has endpoints of its own. */
export interface ApiKeys {
  /** @throws SimulatorError `invalid_option` */
  create(options: CreateApiKeyOptions): Promise<ApiKey>;
  /** Oldest first: `simulator.apiKey` is the token of the first. */
  list(): Promise<ApiKey[]>;
  /** @throws SimulatorError `not_found`; `invalid_option` for the first, which always stays, and for one with endpoints */
  remove(id: string): Promise<void>;
}

/** Makes the operations on API keys, and the first key where there is none. */
export function createApiKeys({ store, clock }: { store: Store; clock: SimulatedClock }): {
  readonly apiKeys: ApiKeys;
  readonly first: ApiKeyRecord;
} {
  function add(name: string, kind: ApiKey["kind"], scopes: readonly string[]): ApiKeyRecord {
    const token = `diffio_sim_${randomBytes(24).toString("hex")}`;
    const apiKey = { id: newId("key"), name, kind, scopes, token, createdAt: clock.now() };
    store.save("apiKey", apiKey);
    return apiKey;
  }

  const first = store.all("apiKey")[0] ?? add("default", "scoped", [TEST_EVENT_SCOPE]);
  const apiKeys: ApiKeys = {
    async create(options) {
      checkObject("The API key", options);
      const { name, kind = "scoped", scopes = [TEST_EVENT_SCOPE] } = options;
      if (typeof name !== "string" || name.trim() === "")
        throw invalidOption("The API key has no name.", "Give it a name that tells it from others.");
      if (kind !== "scoped" && kind !== "agent")
        throw invalidOption(
          `${JSON.stringify(kind)} is no kind of API key.`,
          'The kinds are "scoped" and "agent".',
        );
      if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === "string"))
        throw invalidOption("scopes is no list of strings.", `Test events need ["${TEST_EVENT_SCOPE}"].`);
      return toApiKey(add(name, kind, scopes));
    },
    async list() {
      return store.all("apiKey").map(toApiKey);
    },
    async remove(id) {
      findApiKey(store, id);
      if (id === first.id)
        throw invalidOption(
          "The first API key cannot be removed.",
          "It is the one that is used when none is named.",
        );
      if (store.all("endpoint").some(({ apiKeyId }) => apiKeyId === id))
        throw invalidOption("The API key has endpoints.", "Remove its endpoints first.");
      store.remove("apiKey", id);
    },
  };
  return { apiKeys, first };
}

function toApiKey(record: ApiKeyRecord): ApiKey {
  return { ...record, createdAt: new Date(record.createdAt) };
}
