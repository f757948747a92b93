import { expect, test } from "vitest";
import { usePostgres } from "./support/postgres.ts";
import { receiverOn } from "./support/receivers.ts";

const postgres = usePostgres();

test("several that open one empty database at the same time all take deliveries at once", async () => {
  for (let round = 0; round < 5; round++) {
    const { connectionString } = await postgres.database();
    // Each has connections of its own, as processes have.
    const services = Array.from({ length: 4 }, () => receiverOn({ connectionString }));
    const replies = await Promise.all(services.map(({ receive }) => receive()));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await Promise.all(services.map(({ receiver }) => receiver.idle()));
    expect(services.flatMap(({ runs }) => runs)).toHaveLength(4);
    await Promise.all(services.map(({ receiver }) => receiver.close()));
  }
});
