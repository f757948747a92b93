/** What travels through the queue: where the message is, never the message. */
interface QueueMessage {
  readonly diffioInbox: number;
}

export function toQueueMessage(id: number): QueueMessage {
  return { diffioInbox: id };
}

/** The message's id; undefined where somebody else has put something into the queue. */
export function fromQueueMessage(body: unknown): number | undefined {
  if (typeof body !== "object" || body === null || !("diffioInbox" in body)) return undefined;
  return typeof body.diffioInbox === "number" ? body.diffioInbox : undefined;
}
