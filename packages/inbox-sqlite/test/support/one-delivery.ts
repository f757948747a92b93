/** Receives one message twice, whose first run fails, on any runtime: `<runtime> one-delivery.ts <path>`. */
import { createReceiver } from "@diffio-webhooks/core";
import { sampleEvent, signMessage } from "@diffio-webhooks/core/testing";
import { sqliteInbox } from "@diffio-webhooks/inbox-sqlite";

const signingSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const inbox = sqliteInbox({ path: process.argv[2] ?? "", backoffInSeconds: 0.05 });
const seen: unknown[] = [];
const receiver = createReceiver({
  signingSecret,
  inbox,
  on: {
    "generation.completed": ({ generationId }, { run, rawBody }) => {
      seen.push([generationId, run, rawBody.length > 0]);
      if (run === 1) throw new Error("as told");
    },
  },
  onError: (_error, { run, final }) => void seen.push(["failed", run, final]),
});
const delivery = signMessage({ signingSecret, body: sampleEvent("generation.completed") });
for (let copy = 0; copy < 2; copy++) {
  seen.push((await receiver.receive({ method: "POST", ...delivery })).status);
  await receiver.idle();
}
seen.push(await inbox.counts());
await receiver.close();
console.log(JSON.stringify(seen));
