import { createHmac, createSecretKey } from "node:crypto";
import { createReceiver, memoryInbox } from "@diffio-webhooks/core";
import { SIGNING_SECRET, makeBody } from "./messages.ts";

// A child process: so many deliveries through one receiver, and the heap after garbage collection every so many.

const [deliveries = 0, every = 1, maxIds = 1] = process.argv.slice(2).map(Number);
/** Deliveries that come before the callbacks of the ones before have had their turn. */
const BURST = 50;
const key = createSecretKey(Buffer.from(SIGNING_SECRET.slice("whsec_".length), "base64"));

let handled = 0;
const receiver = createReceiver({
  signingSecret: SIGNING_SECRET,
  inbox: memoryInbox({ maxIds }),
  onAny: () => {
    handled += 1;
  },
});

async function deliver(serial: number): Promise<void> {
  const body = makeBody(400, serial);
  const id = `msg_${serial.toString(36).padStart(27, "0")}`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  const headers = { "svix-id": id, "svix-timestamp": timestamp, "svix-signature": `v1,${signature}` };
  const { status } = await receiver.receive({ method: "POST", headers, body });
  if (status !== 200) throw new Error(`Delivery ${serial} was answered ${status}.`);
}

const points: { deliveries: number; heapBytes: number }[] = [];
for (let done = 0; done < deliveries;) {
  const burst = Array.from({ length: Math.min(BURST, deliveries - done) }, (_, index) =>
    deliver(done + index),
  );
  /* eslint-disable no-await-in-loop -- bursts follow one another */
  await Promise.all(burst);
  await receiver.idle();
  done += burst.length;
  if (done % every !== 0) continue;
  await new Promise((resolve) => setTimeout(resolve, 20));
  /* eslint-enable no-await-in-loop */
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  points.push({ deliveries: done, heapBytes: heapUsed + external });
}
if (handled !== deliveries) throw new Error(`${deliveries} deliveries, but ${handled} callbacks.`);
console.log(JSON.stringify(points));
