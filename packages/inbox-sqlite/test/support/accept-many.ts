/**
 * Accepts and runs messages, some of which other processes have too, once there is something on its standard input:
 * `node accept-many.ts <path> <seed>`.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { sqliteInbox } from "../../src/index.ts";

const [path = "", seed = ""] = process.argv.slice(2);
const inbox = sqliteInbox({ path });
const accepted: string[] = [];
const ran: string[] = [];
const errors: string[] = [];
console.log("ready");
await once(process.stdin, "data");
const { idle, close } = inbox.attach({
  name: "default",
  run: async ({ messageId }) => {
    ran.push(messageId);
    await sleep(1);
    return { succeeded: true };
  },
  interrupted: ({ messageId }) => void errors.push(`${messageId} was interrupted`),
});
const ids = [
  ...Array.from({ length: 200 }, (_, index) => `shared_${index}`),
  ...Array.from({ length: 100 }, (_, index) => `${seed}_${index}`),
];
await Promise.all(
  ids.map(async (messageId) => {
    const timestamp = new Date();
    const rawBody = new TextEncoder().encode(messageId);
    try {
      const { duplicate } = await inbox.accept({ receiver: "default", messageId, timestamp, rawBody });
      if (!duplicate) accepted.push(messageId);
    } catch (error) {
      errors.push(String(error));
    }
  }),
);
await idle();
await close();
console.log(JSON.stringify({ accepted, ran, errors }));
