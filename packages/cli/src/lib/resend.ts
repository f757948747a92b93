import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { renderAttempt } from "./attempts.ts";
import { EXIT } from "./exit.ts";
import { createOutput } from "./output.ts";
import { newSimulatorCommand, simulatorOf } from "./simulator-command.ts";

/** `resend`: one message once more. */
export function resendCommand(): CommandUnknownOpts {
  return newSimulatorCommand("resend", {
    description: "Send a message once more: the same id, one attempt, no retries after it.",
    examples: ["resend msg_…", "resend msg_… --endpoint ep_…"],
  })
    .argument("<message-id>", "msg_…")
    .option("--endpoint <id>", "to this endpoint; to all that want it without it")
    .action(async (messageId, { endpoint, ...options }) => {
      const output = createOutput(options);
      for (const attempt of await simulatorOf(options).resend(messageId, { endpointId: endpoint })) {
        output.record(attempt, renderAttempt(attempt, attempt.messageId));
        if (!attempt.succeeded) process.exitCode = EXIT.failed;
      }
    });
}
