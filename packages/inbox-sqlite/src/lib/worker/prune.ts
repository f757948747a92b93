import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../operations.ts";
import { STATE } from "./schema.ts";

type Prune = Operations["prune"];

/** Rows a step: a few milliseconds, in which deliveries wait. */
const ROWS = 500;

interface Row {
  seq: number;
  state: number;
  received_at: number;
  ended_at: number | null;
}

/**
 * Forgetting in steps: a round walks over the oldest ids, then over the oldest bodies. Rows lie in the order in which
 * they were received, and none ended before that: so the walk is over at the first one received too late.
 */
export function pruneOperation(sqlite: DatabaseSync): (ask: Prune["ask"]) => Prune["answer"] {
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

  return function prune({ step, afterSeq, idsBefore, bodiesBefore }) {
    const rows = oldest[step].all(afterSeq, ROWS) as unknown as Row[];
    const before = step === "ids" ? idsBefore : bodiesBefore;
    let over = rows.length < ROWS;
    for (const { seq, state, received_at: receivedAt, ended_at: endedAt } of rows) {
      if (receivedAt >= before) {
        over = true;
        break;
      }
      if (endedAt === null || endedAt >= before) continue;
      // A dead letter keeps its bytes as long as it is kept.
      if (step === "ids" || state !== STATE.dead) removeBody.run(seq);
      if (step === "ids") removeMessage.run(seq);
    }
    if (!over) return { next: { step, afterSeq: rows.at(-1)?.seq ?? afterSeq } };
    return { next: step === "ids" ? { step: "bodies", afterSeq: 0 } : null };
  };
}
