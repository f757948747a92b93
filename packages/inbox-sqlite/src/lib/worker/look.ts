import type { Operations } from "../operations.ts";
import type { Connection } from "./connection.ts";
import { isLockFree } from "./lock.ts";
import { ALL_RECEIVERS, MAX_BESIDES, STATE } from "./schema.ts";

type LookOperations = Pick<Operations, "look" | "isActive" | "clockSetBack" | "pause" | "resume">;

interface OwnerRow {
  readonly id: number;
  readonly beat: number | null;
  readonly lock: string | null;
}

/** Finding out what there is to do, by a few index probes. */
export function lookOperations({ sqlite }: Connection, path: string): LookOperations {
  const pending = `receiver = ? AND state = ${STATE.pending}`;
  const isDue = sqlite.prepare(
    `SELECT 1 FROM messages WHERE ${pending} AND besides < ${MAX_BESIDES} AND due_at <= ? LIMIT 1`,
  );
  const isDueAlone = sqlite.prepare(
    `SELECT 1 FROM messages WHERE ${pending} AND besides >= ${MAX_BESIDES} AND due_at <= ? LIMIT 1`,
  );
  const nextDue = sqlite.prepare(
    `SELECT min(due_at) AS at FROM messages WHERE ${pending} AND besides < ${MAX_BESIDES} AND due_at > ?`,
  );
  const nextDueAlone = sqlite.prepare(
    `SELECT min(due_at) AS at FROM messages WHERE ${pending} AND besides >= ${MAX_BESIDES} AND due_at > ?`,
  );
  const owners = sqlite.prepare(
    "SELECT running.owner AS id, beat, lock FROM " +
      `(SELECT DISTINCT owner FROM messages WHERE state = ${STATE.running}) AS running ` +
      "LEFT JOIN owners ON owners.id = running.owner WHERE running.owner IS NOT ?",
  );
  const paused = sqlite.prepare("SELECT receiver FROM paused");
  const active = sqlite.prepare(
    `SELECT 1 FROM messages WHERE ${pending} AND besides < ${MAX_BESIDES} UNION ALL ` +
      `SELECT 1 FROM messages WHERE ${pending} AND besides >= ${MAX_BESIDES} UNION ALL ` +
      `SELECT 1 FROM messages WHERE state = ${STATE.running} AND receiver = ? LIMIT 1`,
  );
  const setBack = sqlite.prepare(
    "UPDATE messages SET due_at = due_at - (since - ?1), since = ?1, " +
      "received_at = CASE WHEN received_at > ?1 THEN min(received_at - ?2, ?1) ELSE received_at END " +
      `WHERE state = ${STATE.pending} AND since > ?1`,
  );
  const pause = sqlite.prepare("INSERT INTO paused VALUES (?) ON CONFLICT DO NOTHING");
  const resume = sqlite.prepare("DELETE FROM paused WHERE receiver = ?");
  const resumeAll = sqlite.prepare("DELETE FROM paused");

  return {
    look(receivers, owner) {
      const now = Date.now();
      const times = receivers
        .flatMap((name) => [nextDue.get(name, now)?.["at"], nextDueAlone.get(name, now)?.["at"]])
        .filter((at) => typeof at === "number");
      const others = owners.all(owner) as unknown as OwnerRow[];
      return {
        now,
        due: receivers.filter((name) => isDue.get(name, now)),
        dueAlone: receivers.filter((name) => isDueAlone.get(name, now)),
        nextDueInMs: times.length === 0 ? null : Math.min(...times) - now,
        owners: others.map(({ id, beat, lock }) => ({
          id,
          beat: beat ?? 0,
          gone: beat === null || (lock !== null && isLockFree(path, lock)),
        })),
        hasOthers: others.length > 0,
        paused: paused.all().map(({ receiver }) => (receiver === ALL_RECEIVERS ? null : String(receiver))),
      };
    },
    isActive: (receiver) => active.get(receiver, receiver, receiver) !== undefined,
    clockSetBack: (byMs) => void setBack.run(Date.now(), byMs),
    pause: (receiver) => void pause.run(receiver ?? ALL_RECEIVERS),
    resume(receiver) {
      if (receiver === null) resumeAll.run();
      else resume.run(receiver);
    },
  };
}
