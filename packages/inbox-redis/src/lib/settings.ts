import { invalidOption } from "@diffio-webhooks/core/inbox";
import { Redis, type RedisOptions } from "ioredis";

/** Where Redis is: one of the two. */
export type RedisLocation =
  | {
      /** `redis://…`, or `rediss://…` for TLS; `/1` at its end is the number of the database. */
      readonly url: string;
      readonly connection?: undefined;
    }
  | {
      readonly url?: undefined;
      /**
       * A client of ioredis whose settings are used (the inbox opens connections of its own, and leaves this one
       * alone), or the settings. A `keyPrefix` stands before every key.
       */
      readonly connection: RedisOptions | { readonly options: object; readonly status: string };
    };

/** Where Redis is, checked. */
export interface RedisSettings {
  readonly options: RedisOptions;
  /** Stands before every key. */
  readonly prefix: string;
  /** Host and port, for messages. */
  readonly where: string;
}

/**
 * Checks where Redis is.
 *
 * @throws WebhookError `invalid_option`
 */
export function redisSettings({ url, connection }: Partial<RedisLocation>): RedisSettings {
  const { keyPrefix = "", ...options } = url === undefined ? connectionOptions(connection) : urlOptions(url);
  if (url !== undefined && connection !== undefined) {
    throw invalidOption("Both url and connection are given.", "Give one of the two.");
  }
  return {
    options,
    prefix: `${keyPrefix}diffio-webhooks`,
    where: options.sentinels
      ? `the master ${options.name}`
      : (options.path ?? `${options.host}:${options.port}`),
  };
}

function urlOptions(url: unknown): RedisOptions {
  if (typeof url !== "string" || !URL.canParse(url) || !/^rediss?:\/\/./.test(url)) {
    // Not shown: a password may stand in it.
    throw invalidOption("url is no URL of a Redis.", 'Give one such as "redis://localhost:6379".');
  }
  return new Redis(url, { lazyConnect: true }).options;
}

function connectionOptions(connection: unknown): RedisOptions {
  if (typeof connection !== "object" || connection === null) {
    throw invalidOption(
      connection === undefined ? "Neither url nor connection is given." : "connection is no object.",
      'Give { url: "redis://localhost:6379" }, or { connection } with a client of ioredis or its settings.',
    );
  }
  if ("isCluster" in connection && connection.isCluster === true) {
    throw invalidOption("connection is a Redis Cluster.", "Give a single Redis, or one behind Sentinel.");
  }
  if ("sendCommand" in connection && !("defineCommand" in connection)) {
    throw invalidOption(
      "connection is no client of ioredis.",
      "Give { url } instead, or a client of ioredis.",
    );
  }
  if ("defineCommand" in connection && "options" in connection) return connection.options as RedisOptions;
  return new Redis({ ...connection, lazyConnect: true }).options;
}
