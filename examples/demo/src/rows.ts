import { type HttpRequest, SECRETS, payload, signedRequest } from "@diffio-webhooks/contract";

/** One delivery of the demo, and what must come of it everywhere. */
export interface Row {
  readonly name: string;
  readonly request: HttpRequest & { readonly messageId: string };
  readonly status: number;
  /** What must be seen of the callback. */
  readonly callback: "ran" | "not run" | "not again";
}

/** The deliveries: made once, so that every framework gets the same bytes. */
export function makeRows(): readonly Row[] {
  const completed = signedRequest(payload());
  const accepted = { status: 200, callback: "ran" } as const;
  const refused = { status: 400, callback: "not run" } as const;
  return [
    { name: "generation.queued", ...accepted, request: event("generation.queued", "queued") },
    { name: "generation.processing", ...accepted, request: event("generation.processing", "processing") },
    { name: "generation.failed", ...accepted, request: event("generation.failed", "error") },
    { name: "generation.completed", ...accepted, request: completed },
    { name: "the same message again", status: 200, callback: "not again", request: completed },
    {
      name: "a type of tomorrow",
      ...accepted,
      request: signedRequest('{"eventType":"generation.archived"}'),
    },
    {
      name: "forged: another secret",
      ...refused,
      request: signedRequest(payload(), { secrets: [SECRETS.foreign] }),
    },
    {
      name: "tampered: one field changed",
      ...refused,
      request: signedRequest(payload(), { sentBody: Buffer.from(payload({ generationId: "gen_999" })) }),
    },
    {
      name: "too old: signed an hour ago",
      ...refused,
      request: signedRequest(payload(), { ageInSeconds: 3600 }),
    },
    { name: "signed, but not JSON", ...refused, request: signedRequest("generation.completed gen_123") },
  ];
}

function event(eventType: string, status: string): Row["request"] {
  return signedRequest(payload({ eventType, status }));
}
