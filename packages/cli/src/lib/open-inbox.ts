import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Option } from "@commander-js/extra-typings";
import type { DurableInbox } from "@diffio-webhooks/core";
import { CliError, EXIT, isWebhookError, usageError } from "./exit.ts";
import { describeNetworkError } from "./post.ts";

/** The options that name an inbox. */
export const SQLITE: Option<"--sqlite <path>"> = new Option(
  "--sqlite <path>",
  "the file of an inbox-sqlite",
).conflicts(["postgres", "redis"]);
export const POSTGRES: Option<"--postgres <url>"> = new Option(
  "--postgres <url>",
  "the database of an inbox-postgres",
).conflicts("redis");
export const REDIS: Option<"--redis <url>"> = new Option("--redis <url>", "the server of an inbox-redis");

/** Which engine keeps the inbox, and where. */
export interface InboxFlags {
  readonly sqlite?: string | undefined;
  readonly postgres?: string | undefined;
  readonly redis?: string | undefined;
}

/** The function of each engine's package that opens it, and the option that it takes. */
const ENGINES = {
  sqlite: { factory: "sqliteInbox", option: "path" },
  postgres: { factory: "postgresInbox", option: "connectionString" },
  redis: { factory: "redisInbox", option: "url" },
} as const;

/**
 * Opens the inbox that the flags name, by the engine's package as the user's project has it installed.
 *
 * @throws CliError when the flags name none, or the package is not there
 */
async function openInbox(flags: InboxFlags): Promise<DurableInbox> {
  const [engine, place] = readFlags(flags);
  // An engine would make an empty one.
  if (engine === "sqlite" && !existsSync(place)) throw usageError(`There is no file ${place}.`);
  const { factory, option } = ENGINES[engine];
  const module = await importFromProject(`@diffio-webhooks/inbox-${engine}`);
  const open = module[factory] as (options: Record<string, string>) => DurableInbox;
  return open({ [option]: place });
}

/** Opens the inbox for as long as the work goes on. */
export async function withInbox(
  flags: InboxFlags,
  work: (inbox: DurableInbox) => Promise<void>,
): Promise<void> {
  const inbox = await openInbox(flags);
  try {
    await work(inbox);
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (!isWebhookError(error)) {
      throw new CliError(EXIT.unreachable, `The inbox does not answer: ${describeNetworkError(error)}`);
    }
    if (error.code === "invalid_option" || error.code === "message_not_found") {
      throw new CliError(EXIT.failed, error.message, error.hint);
    }
    if (error.code !== "inbox_unavailable") throw error;
    throw new CliError(EXIT.unreachable, error.message, error.hint);
  } finally {
    await inbox.close();
  }
}

function readFlags({ sqlite, postgres, redis }: InboxFlags): [engine: keyof typeof ENGINES, place: string] {
  if (sqlite !== undefined) return ["sqlite", sqlite];
  if (postgres !== undefined) return ["postgres", postgres];
  if (redis !== undefined) return ["redis", redis];
  throw usageError("Which inbox?", "Name it with --sqlite PATH, --postgres URL or --redis URL.");
}

async function importFromProject(name: string): Promise<Record<string, unknown>> {
  let path: string;
  try {
    path = createRequire(join(process.cwd(), "package.json")).resolve(name);
  } catch {
    throw usageError(`${name} is not installed here.`, `Run this in your project, or: npm install ${name}`);
  }
  return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
}
