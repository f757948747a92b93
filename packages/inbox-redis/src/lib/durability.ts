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

/** A setting; managed services tell none. */
async function configured(client: Redis, name: string): Promise<string | undefined> {
  try {
    const [, value] = (await client.config("GET", name)) as string[];
    return value;
  } catch {
    return undefined;
  }
}
