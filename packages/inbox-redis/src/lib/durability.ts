import type { Redis } from "ioredis";

/** Warns once of settings of the server with which accepted messages may be lost. */
export async function warnOfSettings(client: Redis, where: string): Promise<void> {
  const problems: string[] = [];
  const [persistence, memory] = await Promise.all([client.info("persistence"), client.info("memory")]);
  const read = (text: string, name: string): string | undefined =>
    new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(text)?.[1];

  const aof = read(persistence, "aof_enabled");
  if (aof === "0") {
    problems.push(
      "its append-only file is off, so that a crash loses what came since the last snapshot (appendonly yes)",
    );
  }
  const policy = read(memory, "maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction") {
    problems.push(
      `it may drop messages when its memory is full (maxmemory-policy noeviction, not ${policy})`,
    );
  }
  const fsync = aof === "1" ? await configured(client, "appendfsync") : undefined;
  if (fsync === "no") {
    problems.push("it leaves it to the system when to write to the disk (appendfsync always, or everysec)");
  }
  if (aof === undefined || policy === undefined) {
    problems.push(
      "it does not tell how it is set up (it should have appendonly yes and maxmemory-policy noeviction)",
    );
  }
  if (problems.length === 0) return;
  console.warn(
    `[diffio-webhooks] Redis at ${where} may lose messages that were acknowledged: ${problems.join("; ")}.`,
  );
}

/** BullMQ's delays go by each worker's clock. */
const MAX_CLOCK_DIFFERENCE_MS = 2000;

/** Warns once where this machine's clock differs from the server's: retries would come early, or late. */
export async function warnOfClock(client: Redis, where: string): Promise<void> {
  const before = Date.now();
  const [seconds] = await client.time();
  // The server's time is in whole seconds, and was read at some moment in between.
  const ahead = before - (Number(seconds) + 1) * 1000;
  const behind = Number(seconds) * 1000 - Date.now();
  const difference = Math.max(ahead, behind);
  if (difference < MAX_CLOCK_DIFFERENCE_MS) return;
  console.warn(
    `[diffio-webhooks] This machine's clock is ${Math.round(difference / 1000)} s ${ahead > behind ? "ahead of" : "behind"} ` +
      `that of Redis at ${where}. BullMQ times retries by the clock of each worker: keep them right by NTP.`,
  );
}

/** A setting; managed services tell none. */
async function configured(client: Redis, name: string): Promise<string | undefined> {
  try {
    const [, value] = (await client.config("GET", name)) as string[];
    return value;
  } catch {
    return undefined;
  }
}
