import { ADAPTERS, describeAdapter } from "../src/index.ts";

describeAdapter(ADAPTERS.fastify5);
