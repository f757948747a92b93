import { expect, test } from "vitest";
import { destinationId } from "../src/lib/records.ts";
import { type Store, openStore } from "../src/lib/store.ts";

function saveMessage(store: Store, id: string, dueAt: number | null): void {
  const message = {
    apiKeyId: "key_1",
    mode: "test",
    eventType: "a.b",
    eventId: "evt_1",
    body: "{}",
  } as const;
  store.save("message", { ...message, id, fault: null, createdAt: 0 });
  const destination = { messageId: id, endpointId: "ep_1", state: "pending", attemptsMade: 0 } as const;
  store.save("destination", {
    ...destination,
    id: destinationId(id, "ep_1"),
    dueAt,
    heldBack: false,
    overtakenBy: null,
  });
}

test("keeps 10,000 messages: beyond, the oldest that waits for nothing is forgotten, with all that is its own", () => {
  const store = openStore(undefined, () => 0);
  saveMessage(store, "waiting", 1);
  saveMessage(store, "oldest", null);
  for (let count = 2; count < 10_000; count++) saveMessage(store, String(count), null);
  expect(store.destinationsOf("oldest")).toHaveLength(1);

  saveMessage(store, "new", null);
  expect(store.all("message")).toHaveLength(10_000);
  expect(store.get("message", "oldest")).toBeUndefined();
  expect(store.destinationsOf("oldest")).toEqual([]);
  expect(store.get("destination", destinationId("oldest", "ep_1"))).toBeUndefined();
  expect([store.get("message", "waiting")?.id, store.get("message", "new")?.id]).toEqual(["waiting", "new"]);
  expect([...store.planned].map(({ messageId }) => messageId)).toEqual(["waiting"]);
});
