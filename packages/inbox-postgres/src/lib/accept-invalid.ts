import type { Acceptance, AcceptedMessage, WebhookError } from "@diffio-webhooks/core";
import { errorText } from "@diffio-webhooks/core/inbox";
import type { Connection } from "./connection.ts";
import { toStored } from "./text.ts";

/** Commits a signed delivery that is no event as a dead letter, unless its id is known. */
export async function acceptInvalid(
  connection: Connection,
  { receiver, messageId, timestamp, rawBody, secretName }: AcceptedMessage,
  error: WebhookError,
): Promise<Acceptance> {
  const database = await connection.database();
  const rows = await database.transaction(({ query }) =>
    query(INSERT, [
      toStored(receiver),
      messageId,
      timestamp.toISOString(),
      secretName === undefined ? null : toStored(secretName),
      rawBody,
      toStored(errorText(error)),
    ]),
  );
  return { duplicate: rows.length === 0 };
}

const INSERT = `
  INSERT INTO diffio_webhooks.messages
    (receiver, message_id, state, at, run, received_at, signed_at, secret_name, body, reason, error)
  VALUES ($1, $2, 'dead', now(), 0, now(), $3, $4, $5, 'invalid_payload', $6)
  ON CONFLICT DO NOTHING
  RETURNING message_id`;
