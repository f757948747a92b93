import { createFixture } from "./fixture.ts";
import { createHonoApp } from "./hono.ts";
import { tellPort } from "./listening.ts";
import { blockUntilReplied } from "./node-block.ts";

/** The part of Bun's global that is used here. */
declare const Bun: {
  serve(options: {
    port: number;
    hostname: string;
    fetch: (request: Request) => Response | Promise<Response>;
  }): {
    port: number;
  };
};

const { fetch } = createHonoApp(createFixture(blockUntilReplied));
tellPort(Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => fetch(request) }).port);
