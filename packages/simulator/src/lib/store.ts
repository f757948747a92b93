import { type Journal, type JournalEntry, openJournal } from "./journal.ts";
import { notFound } from "./errors.ts";
import type {
  ApiKeyRecord,
  AttemptRecord,
  DestinationRecord,
  EndpointRecord,
  MessageRecord,
  RecordKind,
  Records,
} from "./records.ts";
import type { Change } from "./types.ts";

/** Messages that are kept; beyond it the oldest is forgotten, with its attempts. */
const MAX_MESSAGES = 10_000;
/** Deliveries that are kept for each test URL. */
const MAX_RECEIVED = 100;

/** In this order a record comes after those that it names. */
const KINDS = ["apiKey", "endpoint", "message", "destination", "attempt", "testUrl", "received"] as const;

/** All records, in memory; with a data file, in its journal too. */
export interface Store {
  get<Kind extends RecordKind>(kind: Kind, id: string): Records[Kind] | undefined;
  /** Oldest first. */
  all<Kind extends RecordKind>(kind: Kind): Records[Kind][];
  /** Of one message, oldest first. */
  attemptsOf(messageId: string): readonly AttemptRecord[];
  destinationsOf(messageId: string): DestinationRecord[];
  /** Those with an attempt to come. */
  readonly planned: Iterable<DestinationRecord>;
  save<Kind extends RecordKind>(kind: Kind, record: Records[Kind]): void;
  remove(kind: RecordKind, id: string): void;
  /** The simulated clock was moved. */
  noteAdvance(): void;
  /** Calls the listener after each change; returns the function that ends it. */
  onChange(listener: (change: Change) => void): () => void;
  /** The simulated clock's time of the last entry of the data file; `undefined` without one. */
  readonly lastAt: number | undefined;
  close(): void;
}

/**
 * Opens the store.
 *
 * @param now the simulated clock, asked at each change; not before the store is open.
 * @throws SimulatorError `invalid_data_file`
 */
export function openStore(path: string | undefined, now: () => number): Store {
  const tables: { readonly [Kind in RecordKind]: Map<string, Records[Kind]> } = {
    apiKey: new Map(),
    endpoint: new Map(),
    message: new Map(),
    destination: new Map(),
    attempt: new Map(),
    testUrl: new Map(),
    received: new Map(),
  };
  const attempts = new Map<string, AttemptRecord[]>();
  const destinations = new Map<string, Map<string, DestinationRecord>>();
  const planned = new Map<string, DestinationRecord>();
  const listeners = new Set<(change: Change) => void>();
  let lastAt: number | undefined;
  let journal: Journal | undefined;

  function apply(entry: JournalEntry): void {
    if (entry.action === "saved") put(entry.kind, entry.record);
    else if (entry.action === "removed") drop(entry.kind, entry.id);
  }

  function put<Kind extends RecordKind>(kind: Kind, record: Records[Kind]): void {
    const table: Map<string, Records[Kind]> = tables[kind];
    table.set(record.id, record);
    if (kind === "attempt") {
      const attempt = record as AttemptRecord;
      const ofMessage = attempts.get(attempt.messageId);
      if (ofMessage) ofMessage.push(attempt);
      else attempts.set(attempt.messageId, [attempt]);
    } else if (kind === "destination") {
      const destination = record as DestinationRecord;
      const ofMessage = destinations.get(destination.messageId) ?? new Map<string, DestinationRecord>();
      destinations.set(destination.messageId, ofMessage.set(destination.endpointId, destination));
      if (destination.dueAt === null) planned.delete(destination.id);
      else planned.set(destination.id, destination);
    }
  }

  function drop(kind: RecordKind, id: string): void {
    tables[kind].delete(id);
    if (kind === "message") {
      for (const attempt of attempts.get(id) ?? []) tables.attempt.delete(attempt.id);
      attempts.delete(id);
      for (const destination of destinations.get(id)?.values() ?? []) {
        tables.destination.delete(destination.id);
        planned.delete(destination.id);
      }
      destinations.delete(id);
    } else if (kind === "testUrl") {
      for (const received of tables.received.values()) {
        if (received.testUrlId === id) tables.received.delete(received.id);
      }
    }
  }

  function write(entry: JournalEntry, change: Change): void {
    apply(entry);
    journal?.append(entry);
    // Later, so that a listener that throws or asks back never meets half a change.
    for (const listener of listeners) queueMicrotask(() => listener(change));
  }

  function remove(kind: RecordKind, id: string): void {
    if (!tables[kind].has(id)) return;
    const change = changeOf("removed", kind, tables[kind].get(id) ?? { id });
    write({ at: now(), action: "removed", kind, id }, change);
  }

  /** The oldest message that has no attempt to come, or the oldest. */
  function forgetOldestMessage(): void {
    let oldest: string | undefined;
    for (const id of tables.message.keys()) {
      oldest ??= id;
      const waits = [...(destinations.get(id)?.values() ?? [])].some(({ dueAt }) => dueAt !== null);
      if (!waits) return remove("message", id);
    }
    if (oldest !== undefined) remove("message", oldest);
  }

  function forgetOldestReceived(testUrlId: string): void {
    const received = [...tables.received.values()].filter((one) => one.testUrlId === testUrlId);
    if (received.length > MAX_RECEIVED && received[0]) remove("received", received[0].id);
  }

  function* snapshot(): Generator<JournalEntry> {
    const at = lastAt ?? 0;
    for (const kind of KINDS) {
      for (const saved of tables[kind].values()) yield { at, action: "saved", kind, record: saved };
    }
  }

  if (path !== undefined) {
    journal = openJournal(path, (entries) => {
      for (const entry of entries) {
        apply(entry);
        lastAt = Math.max(lastAt ?? 0, entry.at);
      }
      return snapshot();
    });
  }

  return {
    get: (kind, id) => tables[kind].get(id),
    all: (kind) => [...tables[kind].values()],
    attemptsOf: (messageId) => attempts.get(messageId) ?? [],
    destinationsOf: (messageId) => [...(destinations.get(messageId)?.values() ?? [])],
    planned: { [Symbol.iterator]: () => planned.values() },
    save(kind, saved) {
      write({ at: now(), action: "saved", kind, record: saved }, changeOf("saved", kind, saved));
      if (kind === "message" && tables.message.size > MAX_MESSAGES) forgetOldestMessage();
      if ("receivedAt" in saved) forgetOldestReceived(saved.testUrlId);
    },
    remove,
    noteAdvance() {
      write({ at: now(), action: "advanced" }, { kind: "clock", action: "saved", id: "clock" });
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    lastAt,
    close() {
      listeners.clear();
      journal?.close();
      journal = undefined;
    },
  };
}

/** @throws SimulatorError `not_found` */
export function findEndpoint(store: Store, id: string): EndpointRecord {
  const endpoint = store.get("endpoint", id);
  if (endpoint) return endpoint;
  throw notFound("endpoint", id, "endpoints.list() names those that there are.");
}

/** @throws SimulatorError `not_found` */
export function findMessage(store: Store, id: string): MessageRecord {
  const message = store.get("message", id);
  if (message) return message;
  throw notFound("message", id, "messages.list() names the newest ones.");
}

/** @throws SimulatorError `not_found` */
export function findApiKey(store: Store, id: string): ApiKeyRecord {
  const apiKey = store.get("apiKey", id);
  if (apiKey) return apiKey;
  throw notFound("API key", id, "apiKeys.list() names those that there are.");
}

function changeOf(
  action: Change["action"],
  kind: RecordKind,
  record: {
    readonly id: string;
    readonly messageId?: string;
    readonly endpointId?: string;
    readonly testUrlId?: string;
  },
): Change {
  const { id, messageId, endpointId, testUrlId } = record;
  return {
    kind,
    action,
    id,
    ...(messageId !== undefined && { messageId }),
    ...(endpointId !== undefined && { endpointId }),
    ...(testUrlId !== undefined && { testUrlId }),
  };
}
