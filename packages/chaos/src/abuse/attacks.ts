/** What strangers do to an endpoint, over raw sockets; each attack says what came of it. */
import { setTimeout as pause } from "node:timers/promises";
import { PATHS, type RawConnection, payload, postRaw, send, signedRequest } from "@diffio-webhooks/contract";

/** What came of an attack. */
export interface AttackResult {
  /** The statuses of the replies, as text. */
  readonly replies: string;
  /** Until the last connection was over, in seconds. */
  readonly seconds: number;
  /** What the server took in, in bytes, where the attack is about that. */
  readonly swallowedBytes?: number;
  /** What is wrong with it; nothing where the server held. */
  readonly problems: readonly string[];
}

/** One attack. */
export interface Attack {
  readonly name: string;
  /** How far the memory of the server may grow meanwhile, in MB. */
  readonly maxGrownMb: number;
  run(target: Target): Promise<AttackResult>;
}

/** The server under attack. */
export interface Target {
  readonly origin: string;
  /** False where its runtime offers no way to end a connection whose client goes on sending (`Deno.serve`). */
  readonly endsConnections: boolean;
}

const FOREVER_SECONDS = 8;
/** Above the 15 s that a body may take. */
const REPLY_SECONDS = 20;
const CHUNKS = 900_000;
const SWALLOWED_MB = 32;

/** All of them. */
export const ATTACKS: readonly Attack[] = [
  {
    name: "2 bodies of 900,000 one-byte chunks",
    maxGrownMb: 64,
    async run(target) {
      const one = Buffer.from("1\r\nx\r\n".repeat(10_000));
      return attack(2, target, forgedHead({ path: PATHS.plain, lines: ["transfer-encoding: chunked"] }), {
        async write(connection) {
          for (let sent = 0; sent < CHUNKS; sent += 10_000) await connection.writeAll(one);
          connection.write("0\r\n\r\n");
        },
        // Where the runtime takes a millisecond for each chunk, the time is up first.
        expected: /^(400|408)/,
        mayGoOn: true,
      });
    },
  },
  {
    name: "20 bodies that stall",
    maxGrownMb: 64,
    run: (target) =>
      attack(20, target, forgedHead({ path: PATHS.strangers, lines: ["content-length: 1000"] }), {
        write: async (connection) => connection.write('{"half":'),
        expected: /^408/,
      }),
  },
  {
    name: "20 bodies that drip",
    maxGrownMb: 64,
    run: (target) =>
      attack(20, target, forgedHead({ path: PATHS.strangers, lines: ["content-length: 100000"] }), {
        async write(connection) {
          while (!connection.isOver()) {
            connection.write("x");
            await pause(50);
          }
        },
        expected: /^408/,
      }),
  },
  {
    name: "10 bodies of 900 kB that are held back",
    maxGrownMb: 96,
    run: (target) =>
      attack(10, target, forgedHead({ path: PATHS.strangers, lines: ["content-length: 1000000"] }), {
        write: async (connection) => connection.writeAll(Buffer.alloc(900_000, 120)),
        expected: /^(503|408)/,
        atLeastOne: /^503/,
      }),
  },
  {
    name: "a body without end, refused by its headers",
    maxGrownMb: 96,
    run: (target) => endless(target, { path: PATHS.plain, stale: true, lines: [] }, /^400/),
  },
  {
    name: "a body without end, refused by its size",
    maxGrownMb: 96,
    run: (target) => endless(target, { path: PATHS.plain, lines: [] }, /^413/),
  },
  {
    name: "3,000 forged deliveries, behind an async secret function",
    maxGrownMb: 128,
    async run({ origin }) {
      const started = performance.now();
      const statuses = new Set<number>();
      for (let batch = 0; batch < 60; batch++) {
        const replies = Array.from({ length: 50 }, async () => {
          const forged = signedRequest(payload(), { path: PATHS.vault, sentBody: Buffer.from("{}") });
          statuses.add((await send(origin, forged)).status);
        });
        await Promise.all(replies);
      }
      const seconds = (performance.now() - started) / 1000;
      const { text } = await send(origin, { method: "GET", path: "/ledger" });
      const { secretCalls } = JSON.parse(text) as { secretCalls: number };
      // Once, and again every 5 s at most.
      const problems = secretCalls > 2 + seconds / 4 ? [`the secret was asked for ${secretCalls} times`] : [];
      if ([...statuses].join() !== "400") problems.push("a forged delivery was not refused with 400");
      return { replies: `${[...statuses].join(", ")} (secret asked ${secretCalls}×)`, seconds, problems };
    },
  },
];

interface Head {
  readonly path: string;
  readonly lines: readonly string[];
  readonly stale?: boolean;
}

/** Well-formed headers with a signature that fits nothing that follows. */
function forgedHead({ path, lines, stale = false }: Head): string {
  const { headers = {} } = signedRequest("x", { path, ...(stale && { ageInSeconds: 86_400 }) });
  return [
    `POST ${path} HTTP/1.1`,
    "host: localhost",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`),
    ...lines,
    "",
    "",
  ].join("\r\n");
}

interface Plan {
  write(connection: RawConnection): unknown;
  readonly expected: RegExp;
  readonly atLeastOne?: RegExp;
  /** Whether the connection may be used again. */
  readonly mayGoOn?: boolean;
}

async function attack(
  count: number,
  { origin, endsConnections }: Target,
  head: string,
  plan: Plan,
): Promise<AttackResult> {
  const started = performance.now();
  const outcomes = await Promise.all(
    Array.from({ length: count }, async () => {
      const connection = postRaw(origin);
      connection.write(head);
      void plan.write(connection);
      const status = await statusOf(connection);
      const ended = plan.mayGoOn || !endsConnections || (await within(connection.closed, 3)) !== undefined;
      connection.destroy();
      return { status, ended };
    }),
  );
  const statuses = outcomes.map(({ status }) => status);
  const problems = [
    ...statuses.filter((status) => !plan.expected.test(status)).map((status) => `unexpected: ${status}`),
    ...(outcomes.every(({ ended }) => ended) ? [] : ["a connection was kept open"]),
  ];
  const { atLeastOne } = plan;
  if (atLeastOne && !statuses.some((status) => atLeastOne.test(status)))
    problems.push(`none was ${atLeastOne}`);
  return { replies: tally(statuses), seconds: (performance.now() - started) / 1000, problems };
}

/** Sends for as long as the server takes it. */
async function endless(
  { origin, endsConnections }: Target,
  head: Head,
  expected: RegExp,
): Promise<AttackResult> {
  const started = performance.now();
  const connection = postRaw(origin);
  connection.write(forgedHead({ ...head, lines: [...head.lines, "transfer-encoding: chunked"] }));
  const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(65_536, 120), Buffer.from("\r\n")]);
  let swallowedBytes = 0;
  const writing = (async () => {
    while (!connection.isOver() && performance.now() - started < FOREVER_SECONDS * 1000) {
      await connection.writeAll(chunk);
      if (!connection.isOver()) swallowedBytes += chunk.length;
    }
  })();
  const status = await statusOf(connection);
  const ended = (await within(connection.closed, FOREVER_SECONDS)) !== undefined;
  const seconds = (performance.now() - started) / 1000;
  connection.destroy();
  await writing;
  const problems = [];
  // A server may end the connection without a word.
  if (!expected.test(status) && !(status === "closed" && ended)) problems.push(`unexpected: ${status}`);
  if (endsConnections && !ended) problems.push("the connection was kept open");
  if (endsConnections && swallowedBytes > SWALLOWED_MB * 1_048_576)
    problems.push(`it took in over ${SWALLOWED_MB} MB`);
  return { replies: status, seconds, swallowedBytes, problems };
}

async function statusOf(connection: RawConnection): Promise<string> {
  try {
    const reply = await within(connection.until("\r\n\r\n"), REPLY_SECONDS);
    return reply === undefined ? "no reply" : (/^HTTP\/1\.1 (\d+)/.exec(reply)?.[1] ?? "closed");
  } catch {
    return "closed";
  }
}

async function within<Value>(promise: Promise<Value>, seconds: number): Promise<Value | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([promise, pause(seconds * 1000, undefined, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}

function tally(statuses: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => (count === 1 ? status : `${count} × ${status}`)).join(", ");
}
