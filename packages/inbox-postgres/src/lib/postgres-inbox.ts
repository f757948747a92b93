import type { DurableInbox } from "@diffio-webhooks/core";
import { checkDurableInboxOptions, invalidOption } from "@diffio-webhooks/core/inbox";
import { acceptInvalid } from "./accept-invalid.ts";
import { createAcceptor } from "./accept.ts";
import { createConnection } from "./connection.ts";
import { counts } from "./counts.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { createLocalMessages } from "./local-messages.ts";
import { type PostgresInboxOptions, checkSource } from "./options.ts";
import { createOutageReport } from "./outage.ts";
import { toStored } from "./text.ts";
import { unavailable } from "./unavailable.ts";
import { createWorker } from "./worker.ts";

/** The key of PostgreSQL's index takes so many bytes. */
const MAX_NAME_BYTES = 1000;

/**
 * Keeps accepted messages in PostgreSQL until they are handled, in as many processes as you like: what was
 * acknowledged is run, or found among the dead letters, whatever dies. The schema `diffio_webhooks` is made at the
 * first use.
 *
 * @throws WebhookError `invalid_option`
 */
export function postgresInbox(options: PostgresInboxOptions): DurableInbox {
  if (typeof options !== "object" || options === null) {
    throw invalidOption("The options are not an object.", "Pass { connectionString }, { boss } or { pool }.");
  }
  if (typeof Promise.withResolvers !== "function") {
    throw invalidOption("This Node is too old for pg-boss 12.", "Use Node 22.12 or newer.");
  }
  const source = checkSource(options);
  const checked = checkDurableInboxOptions(options);
  const onError = createOutageReport();
  const connection = createConnection(source, onError);
  const local = createLocalMessages();
  const worker = createWorker({
    connection,
    local,
    options: checked,
    onError,
    async onLast() {
      await acceptor.drained();
      await connection.close();
    },
  });
  const acceptor = createAcceptor({
    connection,
    local,
    leaseInSeconds: checked.leaseInSeconds,
    hold: worker.hold,
    onWaiting: worker.wake,
  });

  return {
    accept: (message) => acceptor.accept(message),
    async acceptInvalid(message, error) {
      try {
        return await acceptInvalid(connection, message, error);
      } catch (cause) {
        connection.failed(cause);
        throw unavailable(cause);
      }
    },
    attach(receiver) {
      if (toStored(receiver.name).length > MAX_NAME_BYTES) {
        throw invalidOption(
          "The receiver's name is too long.",
          "Give it a short name, of letters and digits.",
        );
      }
      return worker.attach(receiver);
    },
    deadLetters: createDeadLetters(connection, () => worker.lookNow()),
    async counts() {
      try {
        return await counts(await connection.database());
      } catch (cause) {
        connection.failed(cause);
        throw unavailable(cause);
      }
    },
    async close() {
      await worker.close();
      await acceptor.drained();
      await connection.close();
    },
  };
}
