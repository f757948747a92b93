export { ADAPTERS, type Adapter, type RunningAdapter } from "./adapters.ts";
export { describeAdapter } from "./adapter-suite.ts";
export type { Ledger, LedgerRejection, LedgerRun } from "./servers/fixture.ts";
export { DELIVERIES, PAYLOAD_OF_THE_VENDORS_PAGE } from "./deliveries.ts";
export { postRaw, send, type HttpReply, type HttpRequest } from "./http.ts";
