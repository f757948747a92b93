import { ADAPTERS, describeAdapter } from "../src/index.ts";

describeAdapter(ADAPTERS.express5);
