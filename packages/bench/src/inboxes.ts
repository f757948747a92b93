import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type DurableInbox, createReceiver } from "@diffio-webhooks/core";
import { sampleEvent, signMessage } from "@diffio-webhooks/core/testing";
import type { Progress } from "@diffio-webhooks/test-support/progress";
import { type InboxContestant, START_ENGINE } from "./inbox-contestants.ts";
import { INBOX_ENGINES, type InboxResult, type Results, type Samples } from "./results.ts";
import { quantile } from "./statistics.ts";

/** Deliveries on their way at once. */
const AT_ONCE = [1, 16, 256] as const;
const SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const BODY = new TextEncoder().encode(
  JSON.stringify({ ...sampleEvent("generation.completed"), note: "x".repeat(100) }),
);

const FULL_PLAN = {
  rounds: 7,
  sliceMs: 600,
  fewIds: 1000,
  manyIds: 1_000_000,
  deliveries: 1000,
  waiting: 20_000,
};
const QUICK_PLAN = {
  rounds: 3,
  sliceMs: 250,
  fewIds: 1000,
  manyIds: 20_000,
  deliveries: 300,
  waiting: 3000,
};
type Plan = typeof FULL_PLAN;

/** Deliveries a second, for the time that an acknowledgement takes: far below what any engine can take. */
const DELIVERIES_A_SECOND = 100;
const SLOW_CALLBACK_MS = 10_000;
const DRAINED_AT_ONCE = [10, 100] as const;
const COUNTED_TIMES = 50;

/** Measures the durable inboxes, each on its real engine, with every commit on its disk. */
export async function measureInboxes(results: Results, progress: Progress): Promise<void> {
  const plan = results.quick ? QUICK_PLAN : FULL_PLAN;
  for (const engine of INBOX_ENGINES) {
    progress.step(`inboxes: ${engine} starts`);
    // eslint-disable-next-line no-await-in-loop -- measurements must not disturb each other
    const contestant = await START_ENGINE[engine]();
    if (!contestant) {
      results.notes.push(`${engine} is not installed on this machine: its inbox was not measured.`);
      continue;
    }
    try {
      const step = (what: string): void => progress.step(`inboxes: ${engine}, ${what}`);
      // eslint-disable-next-line no-await-in-loop
      results.inboxes.push({ engine, ...(await measureEngine(contestant, plan, step)) });
    } finally {
      // eslint-disable-next-line no-await-in-loop
      await contestant.stop();
    }
  }
}

async function measureEngine(
  contestant: InboxContestant,
  plan: Plan,
  step: (what: string) => void,
): Promise<Omit<InboxResult, "engine">> {
  const rates: InboxResult["rates"][number][] = [];
  for (const atOnce of AT_ONCE) {
    step(`${atOnce} at a time`);
    // eslint-disable-next-line no-await-in-loop
    rates.push({ atOnce, ...(await measureRate(contestant, atOnce, plan)) });
  }
  step("time to the acknowledgement");
  const acknowledgement = await measureAcknowledgement(contestant, plan);
  step(`filling in ${plan.manyIds.toLocaleString("en")} ids`);
  const { growth, counts } = await measureGrowth(contestant, plan, step);
  const drains: InboxResult["drains"][number][] = [];
  for (const concurrency of DRAINED_AT_ONCE) {
    step(`draining ${plan.waiting.toLocaleString("en")}, ${concurrency} at once`);
    // eslint-disable-next-line no-await-in-loop
    drains.push({ concurrency, ...(await measureDrain(contestant, concurrency, plan)) });
  }
  return { rates, acknowledgement, growth, counts, drains };
}

/** Microseconds for one message, ours and the engine's own, in turns. */
async function measureRate(
  contestant: InboxContestant,
  atOnce: number,
  { rounds, sliceMs }: Plan,
): Promise<{ ours: Samples; bare: Samples }> {
  const inbox = await contestant.open();
  const bare = await contestant.openBare();
  const bodies = Array.from({ length: atOnce }, () => BODY);
  const runs = { ours: () => acceptMany(inbox, atOnce), bare: () => bare.store(bodies) };
  const times: Record<keyof typeof runs, number[]> = { ours: [], bare: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const who of ["ours", "bare"] as const) {
      const start = performance.now();
      let stored = 0;
      while (performance.now() - start < sliceMs) {
        // eslint-disable-next-line no-await-in-loop
        await runs[who]();
        stored += atOnce;
      }
      // The first round warms up.
      if (round > 0) times[who].push(((performance.now() - start) * 1000) / stored);
    }
  }
  await inbox.close();
  await bare.close();
  return times;
}

/** As the sender's ids are: the second first, then chance. */
function newMessageId(): string {
  return `msg_${Math.floor(Date.now() / 1000).toString(36)}${randomBytes(16).toString("hex")}`;
}

async function acceptMany(inbox: DurableInbox, count: number, receiver = "default"): Promise<void> {
  const accepted = Array.from({ length: count }, () =>
    inbox.accept({
      receiver,
      messageId: newMessageId(),
      timestamp: new Date(),
      rawBody: BODY,
      eventType: "generation.completed",
    }),
  );
  await Promise.all(accepted);
}

/** Milliseconds to each 200, with callbacks that end at once and with callbacks that take 10 s. */
async function measureAcknowledgement(
  contestant: InboxContestant,
  { deliveries, rounds }: Plan,
): Promise<InboxResult["acknowledgement"]> {
  const p99s: { quick: number[]; slow: number[] } = { quick: [], slow: [] };
  for (let round = 0; round < Math.ceil(rounds / 2); round++) {
    for (const kind of ["quick", "slow"] as const) {
      // eslint-disable-next-line no-await-in-loop
      const inbox = await contestant.open({ closeTimeoutInSeconds: 0 });
      const receiver = createReceiver({
        signingSecret: SECRET,
        inbox,
        onAny: kind === "slow" ? () => sleep(SLOW_CALLBACK_MS, undefined, { ref: false }) : () => {},
      });
      // eslint-disable-next-line no-await-in-loop
      const times = await acknowledgementTimes(receiver, deliveries);
      p99s[kind].push(quantile(times, 0.99));
      // eslint-disable-next-line no-await-in-loop
      await receiver.close();
    }
  }
  return p99s;
}

async function acknowledgementTimes(
  receiver: ReturnType<typeof createReceiver>,
  deliveries: number,
): Promise<number[]> {
  const times: number[] = [];
  const warmUp = 20;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: deliveries + warmUp }, async (_, index) => {
      await sleep(Math.max(0, (index * 1000) / DELIVERIES_A_SECOND - (performance.now() - start)));
      const { headers, body } = signMessage({ signingSecret: SECRET, body: BODY });
      const sent = performance.now();
      const { status } = await receiver.receive({ method: "POST", headers, body });
      if (status !== 200) throw new Error(`A delivery was answered ${status}.`);
      if (index >= warmUp) times.push(performance.now() - sent);
    }),
  );
  return times;
}

/** Microseconds to accept and run a message, where few ids are stored and where many are, in turns. */
async function measureGrowth(
  contestant: InboxContestant,
  { fewIds, manyIds, rounds }: Plan,
  step: (what: string) => void,
): Promise<Pick<InboxResult, "growth" | "counts">> {
  const few = await openFilled(contestant, fewIds, () => {});
  const many = await openFilled(contestant, manyIds, (done) =>
    step(`${done.toLocaleString("en")} of ${manyIds.toLocaleString("en")} ids`),
  );
  const times: { few: number[]; many: number[] } = { few: [], many: [] };
  const counts: { few: number[]; many: number[] } = { few: [], many: [] };
  const perRound = 320;
  for (let round = 0; round <= rounds; round++) {
    for (const [which, inbox] of [
      ["few", few],
      ["many", many],
    ] as const) {
      const start = performance.now();
      for (let sent = 0; sent < perRound; sent += 16) {
        // eslint-disable-next-line no-await-in-loop
        await acceptMany(inbox.inbox, 16);
      }
      // eslint-disable-next-line no-await-in-loop
      await inbox.idle();
      if (round > 0) times[which].push(((performance.now() - start) * 1000) / perRound);
      const counting = performance.now();
      // eslint-disable-next-line no-await-in-loop
      for (let count = 0; count < COUNTED_TIMES; count++) await inbox.inbox.counts();
      if (round > 0) counts[which].push(((performance.now() - counting) * 1000) / COUNTED_TIMES);
    }
  }
  await few.inbox.close();
  await many.inbox.close();
  return { growth: { fewIds, manyIds, ...times }, counts };
}

/** Microseconds for one of the messages that wait when a process starts. */
async function measureDrain(
  contestant: InboxContestant,
  concurrency: number,
  { rounds, waiting }: Plan,
): Promise<{ ours: Samples; peer?: Samples | undefined }> {
  const times: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
  for (let round = 0; round < Math.ceil(rounds / 2); round++) {
    const inbox = await contestant.open({ concurrency });
    for (let sent = 0; sent < waiting; sent += 256) await acceptMany(inbox, Math.min(256, waiting - sent));
    const start = performance.now();
    const { idle, close } = inbox.attach({
      name: "default",
      run: async () => ({ succeeded: true }),
      interrupted: () => {},
    });
    await idle();
    times.ours.push(((performance.now() - start) * 1000) / waiting);
    await close();
    const queue = await contestant.openQueue?.();
    if (!queue) continue;
    await queue.fill(waiting, BODY);
    const peerStart = performance.now();
    await queue.drain(waiting, concurrency);
    times.peer.push(((performance.now() - peerStart) * 1000) / waiting);
    await queue.close();
  }
  return { ours: times.ours, ...(times.peer.length > 0 && { peer: times.peer }) };
}

/** An inbox that has handled so many messages. */
async function openFilled(
  contestant: InboxContestant,
  ids: number,
  onProgress: (done: number) => void,
): Promise<{ inbox: DurableInbox; idle(): Promise<void> }> {
  const inbox = await contestant.open({ concurrency: 256 });
  const { idle } = inbox.attach({
    name: "default",
    run: async () => ({ succeeded: true }),
    interrupted: () => {},
  });
  const batch = 256;
  for (let sent = 0; sent < ids; sent += batch) {
    // eslint-disable-next-line no-await-in-loop
    await acceptMany(inbox, Math.min(batch, ids - sent));
    if (sent % (batch * 200) === 0) onProgress(sent);
  }
  await idle();
  return { inbox, idle };
}
