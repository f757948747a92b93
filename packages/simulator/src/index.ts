/**
 * The sender's side of Diffio webhooks, on localhost.
 *
 * @module
 */
export { startSimulator } from "./lib/simulator.ts";
export type { Simulator, SimulatorClock, SimulatorOptions } from "./lib/simulator.ts";
export type { ClockOption } from "./lib/clock.ts";
export { SimulatorError } from "./lib/errors.ts";
export type { SimulatorErrorCode } from "./lib/errors.ts";
export { FAULTS, isFault } from "./lib/faults.ts";
export type { Fault } from "./lib/faults.ts";
export type { ApiKeys, CreateApiKeyOptions } from "./lib/api-keys.ts";
export type { CreateEndpointOptions, Endpoints, UpdateEndpointOptions } from "./lib/endpoints.ts";
export type { ListMessagesOptions, Messages } from "./lib/messages.ts";
export type { Recover, RecoverOptions, Recovery, RecoveryProgress } from "./lib/recover.ts";
export type { ResendOptions } from "./lib/resend.ts";
export type { TestEvent, TestEventOptions } from "./lib/test-events.ts";
export type { ReceivedDelivery, TestUrl, TestUrls } from "./lib/test-urls.ts";
export type { Finding, Verification } from "./lib/verification.ts";
export type {
  ApiKey,
  Attempt,
  AttemptErrorCode,
  Change,
  Destination,
  DestinationState,
  Endpoint,
  Message,
  Mode,
} from "./lib/types.ts";
