// Dead letters in a JSON file, by the contract of a durable inbox: what the command line needs of one.
import { readFileSync, writeFileSync } from "node:fs";

export function sqliteInbox({ path }) {
  const read = () => JSON.parse(readFileSync(path, "utf8"));
  const write = (state) => writeFileSync(path, JSON.stringify(state));
  function take(id) {
    const { dead, ...rest } = read();
    if (!dead.some((letter) => letter.id === id)) {
      // As the engine's own copy of core throws it: no instance of the command line's.
      const error = new Error(`No dead letter has the id "${id}".`);
      throw Object.assign(error, { name: "WebhookError", code: "dead_letter_not_found", hint: "Look." });
    }
    write({ ...rest, dead: dead.filter((letter) => letter.id !== id) });
  }
  return {
    async counts() {
      const { dead } = read();
      return { pending: 1, running: 0, done: 5, dead: dead.length, oldestPendingInSeconds: 0 };
    },
    async close() {
      write({ ...read(), closed: true });
    },
    deadLetters: {
      async list({ limit = 100, after } = {}) {
        const { dead, broken } = read();
        if (broken) throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
        const start = after === undefined ? 0 : dead.findIndex(({ id }) => id === after) + 1;
        return dead.slice(start, start + limit).map((letter) => ({
          ...letter,
          rawBody: new Uint8Array(Buffer.from(letter.rawBody, "base64")),
          receivedAt: new Date(letter.receivedAt),
          diedAt: new Date(letter.diedAt),
        }));
      },
      async replay(id) {
        take(id);
      },
      async discard(id) {
        take(id);
      },
      async replayAll({ onProgress } = {}) {
        const { dead } = read();
        for (const [index, { id }] of dead.entries()) {
          take(id);
          onProgress?.({ replayed: index + 1, total: dead.length });
        }
        return dead.length;
      },
    },
  };
}
