// Runs in a project that has only the published packages: no TypeScript, no workspace.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire, isBuiltin } from "node:module";
import { createReceiver, createVerifier } from "@diffio-webhooks/core";
import { createFetchHandler } from "@diffio-webhooks/core/fetch";
import { generationEventSchema } from "@diffio-webhooks/core/schemas";
import { sampleEvent, signMessage } from "@diffio-webhooks/core/testing";
import { diffioWebhooks as expressWebhooks } from "@diffio-webhooks/express";
import { diffioWebhooks as fastifyWebhooks } from "@diffio-webhooks/fastify";
import { diffioWebhooks as honoWebhooks } from "@diffio-webhooks/hono";
import { redisInbox } from "@diffio-webhooks/inbox-redis";
import { sqliteInbox } from "@diffio-webhooks/inbox-sqlite";
import { postgresInbox } from "@diffio-webhooks/inbox-postgres";
import { startSimulator } from "@diffio-webhooks/simulator";
import { createSimulatorClient } from "@diffio-webhooks/simulator/client";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";

const signingSecret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const event = sampleEvent("generation.completed");
const ran = [];
const optionsFor = (name) => ({
  signingSecret,
  on: { "generation.completed": ({ generationId }) => ran.push(`${name} ${generationId}`) },
});
const init = () => ({ method: "POST", ...signMessage({ signingSecret, body: event }) });

assert.equal(createVerifier({ signingSecret }).verify(init()).body.length > 0, true);
assert.deepEqual(generationEventSchema.parse(event), event);

const receiver = createReceiver(optionsFor("core"));
assert.equal((await receiver.receive(init())).status, 200);
await receiver.idle();

const handler = createFetchHandler(optionsFor("fetch"));
assert.equal((await handler(new Request("http://localhost/", init()))).status, 200);
await handler.receiver.idle();

const hono = honoWebhooks(optionsFor("hono"));
assert.equal((await new Hono().post("/", hono).request("/", init())).status, 200);
await hono.receiver.idle();

const webhooks = expressWebhooks(optionsFor("express"));
const server = express().post("/", webhooks).listen(0, "127.0.0.1");
await once(server, "listening");
assert.equal((await fetch(`http://127.0.0.1:${server.address().port}/`, init())).status, 200);
server.closeAllConnections();
server.close();
await webhooks.receiver.close();

const app = fastify();
await app.register(fastifyWebhooks, { path: "/", ...optionsFor("fastify") });
const { body, headers } = init();
const reply = await app.inject({ method: "POST", url: "/", headers, payload: Buffer.from(body) });
assert.equal(reply.statusCode, 200);
await app.close();

const simulator = await startSimulator({ clock: "manual", jitter: 0 });
const { url } = await simulator.testUrls.create();
await simulator.endpoints.create({ url });
const { svixMessageId } = await simulator.sendTestEvent({ eventType: "generation.completed" });
await simulator.idle();
const client = createSimulatorClient({ url: simulator.url });
assert.equal((await client.messages.get(svixMessageId)).attempts[0].statusCode, 200);
for (const path of ["/", "/assets/portal.css", "/assets/portal.js"])
  assert.equal((await fetch(new URL(path, simulator.url))).status, 200);
await simulator.close();

// Nothing listens there, and that is what is told.
const refusals = [];
const withoutRedis = createReceiver({
  ...optionsFor("redis"),
  inbox: redisInbox({ url: "redis://127.0.0.1:1" }),
  onRejected: ({ code }) => refusals.push(code),
});
assert.equal((await withoutRedis.receive(init())).status, 503);
assert.deepEqual(refusals, ["inbox_unavailable"]);
await withoutRedis.close();

// Only where there is node:sqlite; elsewhere it says so.
if (isBuiltin("node:sqlite")) {
  const inbox = sqliteInbox({ path: `inbox-${process.version}.db` });
  const durable = createReceiver({ ...optionsFor("sqlite"), inbox });
  assert.equal((await durable.receive(init())).status, 200);
  await durable.idle();
  assert.equal((await inbox.counts()).done, 1);
  await durable.close();
  assert.equal(ran.pop(), "sqlite gen_123");
} else {
  assert.throws(() => sqliteInbox({ path: `inbox-${process.version}.db` }), { code: "invalid_option" });
}

// No server is needed to see that it is whole: a port that nobody listens on is refused by the system, by way of pg.
const connectionString = "postgres://nobody@127.0.0.1:1/none";
await assert.rejects(postgresInbox({ connectionString }).counts(), { code: "inbox_unavailable" });

// CommonJS can require the packages too (Node 20.19 and later).
assert.equal(typeof createRequire(import.meta.url)("@diffio-webhooks/core").createReceiver, "function");
assert.deepEqual(
  ran,
  ["core", "fetch", "hono", "express", "fastify"].map((name) => `${name} gen_123`),
);
console.log(ran.length, "deliveries received");
