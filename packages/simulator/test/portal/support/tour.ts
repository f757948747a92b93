import type { Scene } from "./scene.ts";

/** A page of the portal, and how to bring it about. */
export interface Stop {
  readonly name: string;
  readonly path: string;
}

/** Fills a simulator with all that pages can show, and names the pages. */
export async function prepareTour({ simulator, receiver }: Scene): Promise<readonly Stop[]> {
  const endpoint = await simulator.endpoints.create({
    url: receiver.url,
    headers: { "x-tenant": "acme", authorization: "Bearer of-the-customer" },
  });
  const inbox = await simulator.testUrls.create();
  await simulator.endpoints.create({ url: inbox.url, eventTypes: ["generation.completed"] });
  const off = await simulator.endpoints.create({ url: "http://localhost:9/off" });
  await simulator.endpoints.disable(off.id);

  await simulator.sendTestEvent({ eventType: "generation.queued" });
  await simulator.sendTestEvent({
    eventType: "generation.completed",
    samplePayload: { note: "<b>ü</b>", n: 1 },
  });
  await simulator.idle();
  await simulator.sendTestEvent({ eventType: "generation.completed", fault: "tampered-body" });
  await simulator.idle();
  receiver.status = 500;
  const failing = await simulator.sendTestEvent({ eventType: "generation.failed" });
  await simulator.clock.advance(400);
  const lost = await simulator.sendTestEvent({ eventType: "generation.processing" });
  await simulator.clock.advance(100_000);
  await simulator.endpoints.rotateSecret(endpoint.id);
  receiver.status = 200;
  await simulator.resend(lost.svixMessageId);
  receiver.status = 503;
  const waiting = await simulator.sendTestEvent({ eventType: "generation.queued" });
  await simulator.clock.advance(10);
  // A URL with parts that are longer than a page is wide.
  await simulator.endpoints.create({
    url: `${receiver.url}/${"0123456789abcdef".repeat(8)}?source=simulator`,
    modes: ["live"],
  });
  const long = await simulator.sendTestEvent({
    eventType: "generation.failed",
    mode: "live",
    samplePayload: { errorDetails: "x".repeat(500) },
  });
  await simulator.idle();

  return [
    { name: "overview", path: "/" },
    { name: "endpoints", path: "/endpoints" },
    { name: "endpoint-new", path: "/endpoints/new" },
    { name: "endpoint-attempts", path: `/endpoints/${endpoint.id}` },
    { name: "endpoint-secret", path: `/endpoints/${endpoint.id}?reveal=secret` },
    { name: "endpoint-testing", path: `/endpoints/${endpoint.id}/testing` },
    { name: "endpoint-options", path: `/endpoints/${endpoint.id}/options` },
    { name: "endpoint-disabled", path: `/endpoints/${off.id}` },
    { name: "messages", path: "/messages" },
    { name: "messages-none", path: "/messages?eventType=generation.failed&state=succeeded" },
    { name: "message-waiting", path: `/messages/${waiting.svixMessageId}` },
    { name: "message-long", path: `/messages/${long.svixMessageId}` },
    { name: "message-failed", path: `/messages/${failing.svixMessageId}` },
    { name: "message-resent", path: `/messages/${lost.svixMessageId}` },
    { name: "send", path: "/send" },
    { name: "test-urls", path: "/test-urls" },
    { name: "test-url", path: `/test-urls/${inbox.id}` },
    { name: "clock", path: "/clock" },
    { name: "not-found", path: "/nothing" },
  ];
}

/** What is there before anything was done. */
export const EMPTY_STOPS: readonly Stop[] = [
  { name: "empty-overview", path: "/" },
  { name: "empty-endpoints", path: "/endpoints" },
  { name: "empty-messages", path: "/messages" },
  { name: "empty-send", path: "/send" },
  { name: "empty-test-urls", path: "/test-urls" },
  { name: "empty-clock", path: "/clock" },
];
