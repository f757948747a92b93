import { describeAdapter } from "../src/adapter-suite.ts";
import { ADAPTERS } from "../src/adapters.ts";

describeAdapter(ADAPTERS.honoNode);
