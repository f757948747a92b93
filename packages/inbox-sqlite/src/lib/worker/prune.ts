import type { Operations } from "../operations.ts";
import type { Connection } from "./connection.ts";
import type { Owners } from "./owners.ts";
import { STATE } from "./schema.ts";

/** Rows a step: a few milliseconds, in which deliveries wait. */
const ROWS = 500;

interface Row {
  readonly seq: number;
  readonly state: number;
  readonly received_at: number;
  readonly ended_at: number | null;
}

/**
 * Deletes in steps: a round walks over the oldest ids, then over the oldest bodies. Rows are in the order in which they
 * were received, and none ended before that: so the walk is over at the first one received too late.
 */
export function pruneOperation({ sqlite, counts }: Connection, owners: Owners): Operations["prune"] {
  const oldest = {
    ids: sqlite.prepare(
      "SELECT seq, state, received_at, ended_at FROM messages WHERE seq > ? ORDER BY seq LIMIT ?",
    ),
    bodies: sqlite.prepare(
      "SELECT seq, state, received_at, ended_at FROM bodies JOIN messages USING (seq) WHERE bodies.seq > ? " +
        "ORDER BY bodies.seq LIMIT ?",
    ),
  };
  const removeMessage = sqlite.prepare("DELETE FROM messages WHERE seq = ?");
  const removeBody = sqlite.prepare("DELETE FROM bodies WHERE seq = ?");

  return ({ idsInMs, bodiesInMs }, from) => {
    if (!from) owners.prune();
    const step = from?.[0] === "bodies" ? "bodies" : "ids";
    const afterSeq = Number(from?.[1] ?? 0);
    const before = Date.now() - (step === "ids" ? idsInMs : bodiesInMs);
    const rows = oldest[step].all(afterSeq, ROWS) as unknown as Row[];
    let isOver = rows.length < ROWS;
    for (const { seq, state, received_at: receivedAt, ended_at: endedAt } of rows) {
      if (receivedAt >= before) {
        isOver = true;
        break;
      }
      if (endedAt === null || endedAt >= before || isQueued(state)) continue;
      // A dead letter keeps its bytes as long as it is kept.
      if (step === "ids" || state !== STATE.dead) removeBody.run(seq);
      if (step === "bodies") continue;
      removeMessage.run(seq);
      counts.moved(state, null);
    }
    if (!isOver) return [step, rows.at(-1)?.seq ?? afterSeq];
    return step === "ids" ? ["bodies", 0] : null;
  };
}

function isQueued(state: number): boolean {
  return state === STATE.pending || state === STATE.running;
}
