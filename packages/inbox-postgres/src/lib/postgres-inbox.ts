import {
  type StoreInbox,
  checkDurableInboxOptions,
  createStoreInbox,
  invalidOption,
} from "@diffio-webhooks/core/inbox";
import { createConnection } from "./connection.ts";
import { type PostgresInboxOptions, checkSource } from "./options.ts";
import { createPostgresStore } from "./store.ts";
import { toStored } from "./text.ts";

/** The key of PostgreSQL's index takes so many bytes. */
const MAX_NAME_BYTES = 1000;

/**
 * Keeps accepted messages in PostgreSQL until they are handled, in as many processes as you like: what was
 * acknowledged is run, or found among the dead letters, whatever dies. The schema `diffio_webhooks` is made at the
 * first use.
 *
 * @throws WebhookError `invalid_option`
 */
export function postgresInbox(options: PostgresInboxOptions): StoreInbox {
  if (typeof options !== "object" || options === null) {
    throw invalidOption("The options are not an object.", "Pass { connectionString } or { pool }.");
  }
  const connection = createConnection(checkSource(options));
  const { concurrency, isSerial } = checkDurableInboxOptions(options);
  const transactional = options.transactional === true;
  const inbox = createStoreInbox(
    createPostgresStore(connection, { concurrency, isSerial, transactional }),
    options,
  );
  return {
    ...inbox,
    attach(receiver) {
      if (toStored(receiver.name).length > MAX_NAME_BYTES) {
        throw invalidOption("The receiver's name is too long.", "Pass a short name, of letters and digits.");
      }
      return inbox.attach(receiver);
    },
  };
}
