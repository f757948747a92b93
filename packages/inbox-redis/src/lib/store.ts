import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { createClients } from "./clients.ts";
import type { MessageData } from "./messages.ts";
import type { Outages } from "./outages.ts";
import { defineScripts } from "./scripts.ts";
import type { RedisSettings } from "./settings.ts";

/** A receiver's messages. */
export interface ReceiverQueue {
  readonly receiver: string;
  readonly queue: Queue<MessageData>;
  /** Runs our scripts. */
  readonly client: Redis;
  /** The key of a part of the queue, or of a job. */
  key(part: string): string;
}

/** Redis as the inbox uses it, besides the workers. */
export interface Store {
  /** The queue of a receiver, which is known from then on. */
  queueOf(receiver: string): Promise<ReceiverQueue>;
  /** The queues of all receivers that ever used this Redis, by the names of their queues. */
  knownQueues(): Promise<ReceiverQueue[]>;
  close(): Promise<void>;
}

/** The longest that a command may take: the sender's patience has an end. */
const COMMAND_TIMEOUT_MS = 5000;

/**
 * The name of a receiver's queue: BullMQ takes no colon, and whatever is no plain character is written as the four
 * digits of its UTF-16 unit.
 */
export function queueNameOf(receiver: string): string {
  return receiver.replace(
    /[^A-Za-z0-9_.-]/g,
    (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function receiverOf(queueName: string): string {
  return queueName.replace(/%([0-9a-f]{4})/g, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 16)),
  );
}

/** Options that queues and workers share. */
export function queueOptions({ prefix }: RedisSettings): { prefix: string } {
  return { prefix };
}

/**
 * Opens Redis. Its connections are made again for as long as it takes; what is asked meanwhile fails at once, or within
 * seconds where Redis hangs.
 */
export function openStore(
  settings: RedisSettings,
  outages: Outages,
  onReady: (client: Redis) => void,
): Store {
  const clients = createClients(settings, outages);
  const client = clients.create({
    // Each attempt to connect that fails rejects the commands that wait for it.
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
  });
  defineScripts(client);
  client.on("ready", () => onReady(client));
  const queuesKey = `${settings.prefix}:queues`;
  const queues = new Map<string, Promise<ReceiverQueue>>();
  const remembered = new Set<string>();
  // Another Redis may come back.
  client.on("close", () => remembered.clear());

  function openQueue(receiver: string): Promise<ReceiverQueue> {
    const known = queues.get(receiver);
    if (known) return known;
    const opening = connectQueue(receiver);
    queues.set(receiver, opening);
    // BullMQ's queue is of no use where its first look at Redis failed.
    opening.catch(() => queues.delete(receiver));
    return opening;
  }

  async function connectQueue(receiver: string): Promise<ReceiverQueue> {
    await client.ping();
    const queue = new Queue<MessageData>(queueNameOf(receiver), {
      ...queueOptions(settings),
      connection: client,
      // Nobody reads the events.
      streams: { events: { maxLen: 100 } },
    });
    queue.on("error", outages.failed);
    try {
      await queue.waitUntilReady();
    } catch (error) {
      await queue.close();
      throw error;
    }
    return { receiver, queue, client, key: (part) => queue.toKey(part) };
  }

  return {
    async queueOf(receiver) {
      const [queue] = await Promise.all([
        openQueue(receiver),
        remembered.has(receiver) || client.sadd(queuesKey, queueNameOf(receiver)),
      ]);
      remembered.add(receiver);
      return queue;
    },
    async knownQueues() {
      const names = await client.smembers(queuesKey);
      return Promise.all(names.map((name) => openQueue(receiverOf(name))));
    },
    async close() {
      const opened = await Promise.allSettled(queues.values());
      for (const each of opened) if (each.status === "fulfilled") await each.value.queue.close();
      clients.end();
    },
  };
}
