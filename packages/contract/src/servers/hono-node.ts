import { serve } from "@hono/node-server";
import { createFixture } from "./fixture.ts";
import { createHonoApp } from "./hono.ts";
import { tellPort } from "./listening.ts";
import { blockUntilReplied } from "./node-block.ts";

const { fetch } = createHonoApp(createFixture(blockUntilReplied));
serve({ fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => tellPort(port));
