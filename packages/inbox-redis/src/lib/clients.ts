import { clearInterval, setInterval } from "@diffio-webhooks/core/inbox";
import { Redis, type RedisOptions } from "ioredis";
import type { Outages } from "./outages.ts";
import type { RedisSettings } from "./settings.ts";

const HEARTBEAT_MS = 5000;

/** Clients that are ended together. */
export interface Clients {
  /** Makes a client for commands that are answered at once. */
  create(options: RedisOptions): Redis;
  /** Ends them all at once, whether Redis answers or not. */
  end(): void;
}

/** Makes clients that connect for as long as it takes. Copies made of them by `duplicate` are ended with them. */
export function createClients({ options: settings }: RedisSettings, outages: Outages): Clients {
  const clients: Redis[] = [];
  const heartbeats: NodeJS.Timeout[] = [];

  function create(options: RedisOptions): Redis {
    const client = new Redis({
      ...settings,
      lazyConnect: false,
      connectTimeout: 3000,
      retryStrategy: (times) => Math.min(times * 50, 1000),
      ...options,
    });
    clients.push(client);
    client.on("error", outages.failed);
    client.on("ready", outages.over);
    // BullMQ asks for all there is to know, for the version alone, and warns for each of its connections of what
    // we warn of once.
    const { info } = client;
    client.info = ((...sections: string[]) =>
      info.apply(client, sections.length === 0 ? ["server"] : (sections as [string]))) as typeof info;
    client.duplicate = (more) => create({ ...options, ...more });
    return client;
  }

  return {
    create(clientOptions) {
      const client = create(clientOptions);
      heartbeats.push(watchHeartbeat(client));
      return client;
    },
    end() {
      for (const heartbeat of heartbeats.splice(0)) clearInterval(heartbeat);
      for (const client of clients.splice(0)) end(client);
    },
  };
}

/** Connects anew where a connection has died without a word: TCP alone takes a quarter of an hour to notice. */
function watchHeartbeat(client: Redis): NodeJS.Timeout {
  let unanswered = 0;
  function beat(): void {
    if (client.status !== "ready") unanswered = 0;
    else if (unanswered === 2) client.disconnect(true);
    else if (++unanswered === 1) {
      client.ping().then(
        () => {
          unanswered = 0;
        },
        () => {},
      );
    }
  }
  return setInterval(beat, HEARTBEAT_MS).unref();
}

function end(client: Redis): void {
  const { status } = client;
  if (status === "end") return;
  client.disconnect();
  // Between two attempts to connect, ioredis would forget about the commands that wait: one more attempt, which is
  // the last in any case, makes it reject them.
  if (status === "reconnecting") {
    client.connect().then(
      () => client.disconnect(),
      () => {},
    );
  }
}
