import type { MessageState } from "@diffio-webhooks/core";
import type {
  ClaimedMessage,
  DeadFilter,
  DeadPlace,
  Lease,
  MessageFilter,
  MessageRecord,
  MessageStore,
  StoredMessage,
} from "@diffio-webhooks/core/inbox";

// A message store in about 200 lines, as an author of one would begin: copy it, and put statements in place of the maps.

interface Row extends StoredMessage {
  readonly seq: number;
  state: MessageState;
  runs: number;
  dueAt: number;
  since: number;
  lease: Lease | null;
  died: "alone" | "beside" | null;
  besides: number;
  receivedAt: number;
  startedAt: number | null;
  endedAt: number | null;
  reason: MessageRecord["reason"];
  error: MessageRecord["error"];
  body: Uint8Array | null;
}

/** Makes an empty store. */
export function memoryStore(clock: () => number = Date.now, isSerial = false): MessageStore {
  const rows = new Map<number, Row>();
  const byKey = new Map<string, Row>();
  const beats = new Map<number, number>();
  const paused = new Set<string | null>();
  let lastSeq = 0;
  let lastOwner = 0;

  const all = (fits: (row: Row) => boolean): Row[] => Array.from(rows.values()).filter(fits);
  const keyOf = ({ receiver, messageId }: { receiver: string; messageId: string }): string =>
    `${messageId} ${receiver}`;
  const isPaused = (receiver: string): boolean => paused.has(receiver) || paused.has(null);
  /** With `serialBy`, the earliest about a subject goes first. */
  const mustWait = (row: Row): boolean =>
    isSerial &&
    row.subject !== null &&
    all(
      (other) =>
        other.receiver === row.receiver &&
        other.subject === row.subject &&
        (other.state === "running" || (other.state === "pending" && other.seq < row.seq)),
    ).length > 0;
  const isDue = (row: Row): boolean => row.state === "pending" && row.dueAt <= clock() && !mustWait(row);
  const runsAlone = ({ besides }: Row): boolean => besides >= 2;
  const queue = (row: Row, more: Partial<Row> = {}): void =>
    void Object.assign(row, { state: "pending", dueAt: clock(), since: clock(), lease: null, ...more });
  const end = (row: Row, state: MessageState, more: Partial<Row> = {}): void =>
    void Object.assign(row, { state, lease: null, endedAt: clock(), besides: 0, ...more });
  const requeue = (row: Row): void =>
    queue(row, { runs: 0, died: null, besides: 0, endedAt: null, reason: null, error: null });
  const heldBy = (owner: number): Row[] => all(({ lease }) => lease?.owner === owner);
  const isDeadAt = ({ diedAt, seq }: DeadPlace): Row | undefined =>
    all((row) => row.seq === seq && row.state === "dead" && row.endedAt === diedAt)[0];
  const dead = ({ eventType, reason, since, until }: DeadFilter): Row[] =>
    all(
      (row) =>
        row.state === "dead" &&
        (eventType === null || row.eventType === eventType) &&
        (reason === null || row.reason === reason) &&
        (since === null || Number(row.endedAt) >= since) &&
        (until === null || Number(row.endedAt) < until),
    ).toSorted(byDeath);

  function insert(stored: StoredMessage, state: MessageState, more: Partial<Row>): Row {
    lastSeq += 1;
    const row: Row = {
      ...stored,
      seq: lastSeq,
      state,
      runs: 0,
      dueAt: clock(),
      since: clock(),
      lease: null,
      died: null,
      besides: 0,
      receivedAt: clock(),
      startedAt: null,
      endedAt: null,
      reason: null,
      error: null,
      body: stored.rawBody,
      ...more,
    };
    const before = byKey.get(keyOf(row));
    if (before) rows.delete(before.seq);
    byKey.set(keyOf(row), row);
    rows.set(row.seq, row);
    return row;
  }

  return {
    async accept(arrivals, lease) {
      return arrivals.map(({ start, invalid, ...stored }) => {
        const known = byKey.get(keyOf(stored));
        if (known && (known.state !== "dead" || invalid !== null)) {
          const sameBody = known.body && Buffer.compare(known.body, stored.rawBody) === 0;
          return { duplicate: true, sameBody, seq: known.seq, started: false };
        }
        const waits = isSerial && stored.subject !== null;
        const started =
          start && !waits && lease !== null && beats.has(lease.owner) && !isPaused(stored.receiver);
        const error = { name: "WebhookError", message: invalid ?? "", stack: null };
        const row =
          invalid === null
            ? insert(
                stored,
                started ? "running" : "pending",
                started ? { runs: 1, lease, startedAt: clock() } : {},
              )
            : insert(stored, "dead", { endedAt: clock(), reason: "invalid_payload", error });
        return { duplicate: false, sameBody: null, seq: row.seq, started };
      });
    },
    async claim(wanted, lease, alone) {
      if (!beats.has(lease.owner)) return null;
      return wanted.flatMap(({ receiver, limit }) =>
        all(
          (row) => row.receiver === receiver && isDue(row) && runsAlone(row) === alone && !isPaused(receiver),
        )
          .toSorted((one, other) => one.dueAt - other.dueAt)
          .slice(0, limit)
          .map((row): ClaimedMessage => {
            const { died } = row;
            const runs = row.runs + (died === "alone" ? 0 : 1);
            Object.assign(row, { state: "running", lease, runs, died: null, startedAt: clock() });
            return { ...storedOf(row), seq: row.seq, run: runs, died };
          }),
      );
    },
    async finish(ended) {
      return ended.map(({ seq, lease, ending }) => {
        const row = rows.get(seq);
        if (row?.lease?.owner !== lease.owner || row.lease.claim !== lease.claim) return false;
        if (ending.to === "done") end(row, "done", { reason: null, error: null });
        else if (ending.to === "released") queue(row, { runs: row.runs - 1 });
        else if (ending.to === "dead") end(row, "dead", { reason: ending.reason, error: ending.error });
        else {
          const { reason, error, delayInMs } = ending;
          queue(row, { reason, error, dueAt: clock() + delayInMs });
        }
        return true;
      });
    },
    async register() {
      lastOwner += 1;
      beats.set(lastOwner, 0);
      return lastOwner;
    },
    async renew(owner, held, settledBefore) {
      const beat = beats.get(owner);
      if (beat === undefined) return null;
      beats.set(owner, beat + 1);
      const isHeld = (row: Row): boolean =>
        held.some(({ seq, claim }) => row.seq === seq && row.lease?.claim === claim);
      for (const row of heldBy(owner))
        if (Number(row.lease?.claim) < settledBefore && !isHeld(row)) queue(row, { runs: row.runs - 1 });
      return held.filter(({ seq }) => rows.get(seq)?.lease?.owner !== owner);
    },
    async takeOver({ id, beat }) {
      if (beats.has(id) && beats.get(id) !== beat) return;
      const left = heldBy(id);
      beats.delete(id);
      for (const row of left) {
        if (left.length === 1) queue(row, { died: "alone" });
        else queue(row, { died: "beside", besides: row.besides + 1, runs: row.runs - 1 });
      }
    },
    async leave(owner) {
      for (const row of heldBy(owner)) queue(row, { runs: row.runs - 1 });
      beats.delete(owner);
    },
    async look(receivers, owner) {
      const dueOf = (alone: boolean): string[] =>
        receivers.filter((name) =>
          all((row) => row.receiver === name && isDue(row) && runsAlone(row) === alone).at(0),
        );
      const waiting = all(
        (row) => row.state === "pending" && row.dueAt > clock() && receivers.includes(row.receiver),
      );
      const owners = new Set(all(({ lease }) => lease !== null).map(({ lease }) => Number(lease?.owner)));
      return {
        now: clock(),
        due: dueOf(false),
        dueAlone: dueOf(true),
        nextDueInMs: waiting.length === 0 ? null : Math.min(...waiting.map(({ dueAt }) => dueAt)) - clock(),
        owners: Array.from(owners)
          .filter((id) => id !== owner)
          .map((id) => ({ id, beat: beats.get(id) ?? 0, gone: !beats.has(id) })),
        hasOthers: beats.size > 1,
        paused: [...paused],
      };
    },
    isActive: async (receiver) =>
      all((row) => row.receiver === receiver && ["pending", "running"].includes(row.state)).length > 0,
    async clockSetBack(byMs) {
      const now = clock();
      for (const row of all(({ state, since }) => state === "pending" && since > now)) {
        const receivedAt = row.receivedAt > now ? Math.min(row.receivedAt - byMs, now) : row.receivedAt;
        Object.assign(row, { dueAt: row.dueAt - (row.since - now), since: now, receivedAt });
      }
    },
    async counts() {
      const of = (state: MessageState): number => all((row) => row.state === state).length;
      const ages = all(({ state }) => state === "pending").map(({ receivedAt }) => clock() - receivedAt);
      const oldestPendingInSeconds = Math.max(0, ...ages) / 1000;
      return {
        pending: of("pending"),
        running: of("running"),
        done: of("done"),
        dead: of("dead"),
        oldestPendingInSeconds,
      };
    },
    list: async (filter, limit, after) =>
      all((row) => matches(row, filter) && (after === null || row.seq < after))
        .toSorted((one, other) => other.seq - one.seq)
        .slice(0, limit)
        .map(record),
    body: async (seq) => rows.get(seq)?.body ?? null,
    async requeue(seq) {
      const row = rows.get(seq);
      if (!row?.body) return false;
      if (row.state !== "running") requeue(row);
      return true;
    },
    async remove(seq) {
      const row = rows.get(seq);
      if (row) end(row, "discarded", { body: null, error: null });
      return row !== undefined;
    },
    listDead: async (limit, after) =>
      dead({ eventType: null, reason: null, since: null, until: null })
        .toReversed()
        .filter((row) => !after || byDeath(row, { endedAt: after.diedAt, seq: after.seq }) < 0)
        .slice(0, limit)
        .map((row) => ({ ...record(row), ...storedOf(row) })),
    async replay(place) {
      const row = isDeadAt(place);
      if (row) requeue(row);
      return row !== undefined;
    },
    async discard(place) {
      const row = isDeadAt(place);
      if (row) end(row, "discarded");
      return row !== undefined;
    },
    async countDead(filter) {
      const fitting = dead(filter);
      const newest = fitting.at(-1);
      return {
        total: fitting.length,
        newest: newest ? { diedAt: Number(newest.endedAt), seq: newest.seq } : null,
      };
    },
    async replayOldest(filter, { diedAt, seq }, limit) {
      const oldest = dead(filter).filter((row) => byDeath(row, { endedAt: diedAt, seq }) <= 0);
      for (const row of oldest.slice(0, limit)) requeue(row);
      return Math.min(oldest.length, limit);
    },
    pause: async (receiver) => void paused.add(receiver),
    async resume(receiver) {
      if (receiver === null) paused.clear();
      else paused.delete(receiver);
    },
    async prune({ idsInMs, bodiesInMs }) {
      const endedFor = (row: Row, ms: number): boolean =>
        row.endedAt !== null && row.endedAt < clock() - ms && !["pending", "running"].includes(row.state);
      for (const row of all((one) => endedFor(one, bodiesInMs) && one.state !== "dead")) row.body = null;
      for (const row of all((one) => endedFor(one, idsInMs))) {
        rows.delete(row.seq);
        byKey.delete(keyOf(row));
      }
      return null;
    },
    async close() {},
  };
}

function storedOf({
  receiver,
  messageId,
  timestamp,
  body,
  eventType,
  subject,
  secretName,
}: Row): StoredMessage {
  const rawBody = body ?? new Uint8Array();
  return { receiver, messageId, timestamp, rawBody, eventType, subject, secretName };
}

function record(row: Row): MessageRecord {
  const { rawBody: _bytes, body: _body, lease: _lease, died: _died, besides: _besides, ...rest } = row;
  return rest;
}

function byDeath(
  one: { endedAt: number | null; seq: number },
  other: { endedAt: number | null; seq: number },
): number {
  return Number(one.endedAt) - Number(other.endedAt) || one.seq - other.seq;
}

function matches(row: Row, filter: MessageFilter): boolean {
  const { since, until, ...equal } = filter;
  return (
    (since === null || row.receivedAt >= since) &&
    (until === null || row.receivedAt < until) &&
    Object.entries(equal).every(
      ([name, value]) => value === null || row[name as keyof typeof equal] === value,
    )
  );
}
