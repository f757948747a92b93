import type { DeadLetter, DeadLetters } from "@diffio-webhooks/core";
import { checkPage, deadLetterNotFound, unknownPage } from "@diffio-webhooks/core/inbox";
import type { CallObject } from "./bindings.ts";
import { positionOf } from "./dead-letter-handle.ts";

/** The dead letters, as a Worker sees them. */
export function createDeadLetters(callObject: CallObject): DeadLetters {
  return {
    async list(options) {
      const { limit, after } = checkPage(options);
      if (after !== undefined && !positionOf(after)) throw unknownPage();
      const letters: DeadLetter[] = [];
      for (;;) {
        const last = letters.at(-1)?.id ?? after;
        const part = await callObject((object) => object.listDead(limit - letters.length, last));
        letters.push(...part.letters);
        if (!part.more) return letters;
      }
    },
    async replay(id) {
      if (!(await callObject((object) => object.replay(id)))) throw deadLetterNotFound(id);
    },
    async discard(id) {
      if (!(await callObject((object) => object.discard(id)))) throw deadLetterNotFound(id);
    },
    async replayAll({ onProgress } = {}) {
      const plan = await callObject((object) => object.planReplay());
      let replayed = 0;
      for (;;) {
        const count = await callObject((object) => object.replaySome(plan));
        if (count === 0) return replayed;
        replayed += count;
        onProgress?.({ replayed, total: plan.total });
      }
    },
  };
}
