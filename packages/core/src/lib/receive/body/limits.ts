import { checkNumber, checkSeconds } from "../../options.ts";
import { type BodyLimits, HeldBytes } from "./collector.ts";

/** The options about bodies. */
interface BodyOptions {
  readonly maxBodyBytes?: number | undefined;
  readonly bodyTimeoutInSeconds?: number | undefined;
  readonly maxUnverifiedBytes?: number | undefined;
}

/** @throws WebhookError `invalid_option` */
export function checkBodyLimits(options: BodyOptions): BodyLimits {
  const maxBytes = checkNumber("maxBodyBytes", options.maxBodyBytes, { default: 1_048_576, min: 1 });
  const timeoutInSeconds = checkSeconds("bodyTimeoutInSeconds", options.bodyTimeoutInSeconds, {
    default: 15,
    min: 0.001,
  });
  const maxHeld = checkNumber("maxUnverifiedBytes", options.maxUnverifiedBytes, {
    default: 64 * 1_048_576,
    min: 1,
  });
  return { maxBytes, timeoutInSeconds, held: new HeldBytes(maxHeld) };
}
