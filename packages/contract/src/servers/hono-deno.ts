import { createFixture } from "./fixture.ts";
import { createHonoApp } from "./hono.ts";
import { tellPort } from "./listening.ts";
import { blockUntilReplied } from "./node-block.ts";

/** The part of Deno's global that is used here. */
declare const Deno: {
  serve(
    options: { port: number; hostname: string; onListen: (address: { port: number }) => void },
    handler: (request: Request) => Response | Promise<Response>,
  ): void;
};

const { fetch } = createHonoApp(createFixture(blockUntilReplied));
Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ({ port }) => tellPort(port) }, (request) =>
  fetch(request),
);
