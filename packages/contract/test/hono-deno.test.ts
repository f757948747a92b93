import { ADAPTERS, describeAdapter } from "../src/index.ts";

describeAdapter(ADAPTERS.honoDeno);
