export { ADAPTERS, type Adapter, type RunningAdapter } from "./adapters.ts";
export { DELIVERIES, PAYLOAD_OF_THE_VENDORS_PAGE, payload, signedRequest } from "./deliveries.ts";
export { postRaw, send, type HttpReply, type HttpRequest } from "./http.ts";
export { type Ledger, type LedgerRejection, type LedgerRun, SECRETS } from "./servers/fixture.ts";
