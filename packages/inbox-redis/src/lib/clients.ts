import { Redis, type RedisOptions } from "ioredis";
import type { Outages } from "./outages.ts";
import type { RedisSettings } from "./settings.ts";

/** Clients that are ended together. */
export interface Clients {
  create(options: RedisOptions): Redis;
  /** Ends them all at once, whether Redis answers or not. */
  end(): void;
}

/** Makes clients that connect for as long as it takes. Copies made of them by `duplicate` are ended with them. */
export function createClients({ options: settings }: RedisSettings, outages: Outages): Clients {
  const clients: Redis[] = [];

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
    create,
    end() {
      for (const client of clients.splice(0)) end(client);
    },
  };
}

function end(client: Redis): void {
  const { status } = client;
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
