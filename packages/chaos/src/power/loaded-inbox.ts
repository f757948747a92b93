/**
 * Loads an SQLite inbox and says which messages it has acknowledged, a line each, as soon as it has:
 * `node loaded-inbox.ts '<LoadedInboxConfig as JSON>'`.
 */
import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { mutantInbox } from "@diffio-webhooks/contract/inbox-service/mutants";
import { NODE_INBOXES } from "@diffio-webhooks/contract/inbox-service/node-inboxes";

/** How the inbox is loaded. */
export interface LoadedInboxConfig {
  readonly path: string;
  readonly messages: number;
  readonly bodyBytes: number;
  /** Whether the inbox is one that acknowledges before it commits. */
  readonly isBroken: boolean;
}

const { path, messages, bodyBytes, isBroken } = JSON.parse(process.argv[2] ?? "") as LoadedInboxConfig;
const AT_ONCE = 4;
const inbox = isBroken
  ? mutantInbox({ mutant: "acknowledges before the commit", path })
  : NODE_INBOXES.sqlite({ path });
const { idle, close } = inbox.attach({
  name: "default",
  run: async () => ({ succeeded: true }),
  interrupted: () => {},
});
let sent = 0;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (sent < messages) {
      sent += 1;
      const messageId = `msg_${sent}_${randomBytes(4).toString("hex")}`;
      const rawBody = randomBytes(bodyBytes);
      // eslint-disable-next-line no-await-in-loop -- so many are on their way at once
      await inbox.accept({ receiver: "default", messageId, timestamp: new Date(), rawBody });
      writeSync(1, `ACK ${messageId}\n`);
    }
  }),
);
await idle();
await close();
