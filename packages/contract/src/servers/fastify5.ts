import { diffioWebhooks } from "@diffio-webhooks/fastify";
import fastify from "fastify";
import { PATHS, createFixture } from "./fixture.ts";
import { tellPort } from "./listening.ts";
import { blockUntilReplied } from "./node-block.ts";

const fixture = createFixture(blockUntilReplied);
const app = fastify();
for (const path of Object.values(PATHS)) {
  await app.register(diffioWebhooks, { ...fixture.optionsFor(path), path });
}
for (const receiver of app.diffioWebhooks?.values() ?? []) fixture.watch(receiver);
app.get("/ledger", () => fixture.ledgerWhenIdle());
app.get("/ledger/now", () => fixture.ledger);
const address = await app.listen({ port: 0, host: "127.0.0.1" });
tellPort(Number(new URL(address).port));
