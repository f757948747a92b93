export { ADAPTERS, type Adapter, type RunningAdapter } from "./adapters.ts";
export { DELIVERIES, PAYLOAD_OF_THE_VENDORS_PAGE, payload, signedRequest } from "./deliveries.ts";
export { postRaw, send, type HttpReply, type HttpRequest, type RawConnection } from "./http.ts";
export { type Ledger, type LedgerRejection, type LedgerRun, PATHS, SECRETS } from "./servers/fixture.ts";
