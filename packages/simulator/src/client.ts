/**
 * A client of a running simulator's control API: the same operations as the library's, from another process.
 *
 * @module
 */
export { createSimulatorClient } from "./lib/client/client.ts";
export type { SimulatorClient, SimulatorClientOptions, SimulatorInfo } from "./lib/client/client.ts";
export { FAULTS, isFault } from "./lib/faults.ts";
export type { Fault } from "./lib/faults.ts";
export { SimulatorError } from "./lib/errors.ts";
export type { SimulatorErrorCode } from "./lib/errors.ts";
