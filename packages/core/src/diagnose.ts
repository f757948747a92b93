/**
 * Why a delivery does not verify, in words for the developer.
 *
 * @module
 */
export { diagnose } from "./lib/diagnose/diagnose.ts";
export type { DiagnoseOptions, Diagnosis } from "./lib/diagnose/diagnose.ts";
export type { Finding, FindingCode } from "./lib/diagnose/finding.ts";
