import { errorText, clearTimeout, setTimeout } from "@diffio-webhooks/core/inbox";

/** What a queue takes in one call. */
const MAX_BATCH = 100;
/** The receiver waits for 8 s. */
const MAX_SEND_SECONDS = 5;

/** Sends messages to the queue: those that come together in one call. */
export interface Outbox {
  /** Resolves, never rejects, to why the queue did not take it. One that is on its way is not sent twice. */
  send(id: number): Promise<string | undefined>;
  isSending(id: number): boolean;
}

/** Makes an outbox. */
export function createOutbox(sendBatch: (ids: readonly number[]) => Promise<unknown>): Outbox {
  const waiting = new Map<number, (problem: string | undefined) => void>();
  const underway = new Map<number, Promise<string | undefined>>();
  let isFlushing = false;

  /** One call at a time: what arrives meanwhile shares the next one. */
  async function flush(): Promise<void> {
    isFlushing = true;
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, MAX_BATCH);
      for (const [id] of batch) waiting.delete(id);
      const problem = await problemOf(() => sendBatch(batch.map(([id]) => id)));
      for (const [id, settle] of batch) {
        underway.delete(id);
        settle(problem);
      }
    }
    isFlushing = false;
  }

  return {
    send(id) {
      const known = underway.get(id);
      if (known) return known;
      const sent = new Promise<string | undefined>((settle) => {
        waiting.set(id, settle);
      });
      underway.set(id, sent);
      if (!isFlushing) void flush();
      return sent;
    },
    isSending: (id) => underway.has(id),
  };
}

async function problemOf(send: () => Promise<unknown>): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`The queue took over ${MAX_SEND_SECONDS} s.`), MAX_SEND_SECONDS * 1000);
  });
  try {
    return await Promise.race([send().then(() => undefined), over]);
  } catch (error) {
    return errorText(error);
  } finally {
    clearTimeout(timer);
  }
}
