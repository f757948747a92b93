import type { AcceptedMessage, FailureReason } from "@diffio-webhooks/core";

/** A message as the data of a job. */
export interface MessageData {
  /** Base64: BullMQ keeps data as JSON. */
  readonly body: string;
  readonly timestamp: number;
  readonly eventType?: string | undefined;
  readonly secretName?: string | undefined;
}

/** Makes the data of a message's job. */
export function messageData({ rawBody, timestamp, eventType, secretName }: AcceptedMessage): MessageData {
  const bytes = Buffer.from(rawBody.buffer, rawBody.byteOffset, rawBody.byteLength);
  return { body: bytes.toString("base64"), timestamp: timestamp.getTime(), eventType, secretName };
}

/** Makes the message again from the data of its job. */
export function storedMessage(receiver: string, jobId: string, data: MessageData): AcceptedMessage {
  return {
    receiver,
    messageId: messageIdOf(jobId),
    timestamp: new Date(data.timestamp),
    rawBody: storedBody(data),
    eventType: data.eventType,
    secretName: data.secretName,
  };
}

/** The bytes, in memory of their own. */
export function storedBody({ body }: MessageData): Uint8Array {
  return new Uint8Array(Buffer.from(body, "base64"));
}

/** The name of a message's job, for those who look at the queue. */
export function jobNameOf({ eventType = "invalid" }: Pick<AcceptedMessage, "eventType">): string {
  return eventType;
}

/** The id of a message's job. BullMQ refuses whole numbers, and its own keys stand beside those of jobs. */
export function jobIdOf(messageId: string): string {
  return `m_${messageId}`;
}

/** The message id of a job. */
export function messageIdOf(jobId: string): string {
  return jobId.slice("m_".length);
}

/** Why a message is dead, as it is kept in the job's `failedReason`. */
export interface Death {
  readonly reason: FailureReason;
  readonly runs: number;
  readonly error: string;
}

/** Writes why a message is dead. */
export function deathText({ reason, runs, error }: Death): string {
  return JSON.stringify({ reason, runs, error } satisfies Death);
}

/** Reads why a message is dead; somebody may have failed the job by hand. */
export function deathOf(text: string | undefined): Death {
  try {
    const death = JSON.parse(text ?? "") as Death;
    if (typeof death.reason === "string") return death;
  } catch {
    // Falls through.
  }
  return { reason: "handler_failed", runs: 0, error: text ?? "" };
}
