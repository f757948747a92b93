import type { WebhookError } from "../errors.ts";
import { invalidOption } from "../options.ts";

/** The error for a second receiver of one name on one inbox. */
export function nameTaken(name: string): WebhookError {
  return invalidOption(
    `Two receivers named "${name}" share one inbox.`,
    "Give each receiver its own name (the name option) or its own inbox. At a hot reload, close the receiver before it is " +
      "made again: await receiver.close().",
  );
}
