import { afterAll, beforeAll, describe } from "vitest";
import { describeAcceptance } from "./inbox-suite/acceptance.ts";
import { describeAfterHandlers } from "./inbox-suite/after-handlers.ts";
import { describeDeadLetters } from "./inbox-suite/dead-letters.ts";
import { describeFairness } from "./inbox-suite/fairness.ts";
import { describeMessages } from "./inbox-suite/messages.ts";
import { describePoison } from "./inbox-suite/poison.ts";
import { describeProcesses } from "./inbox-suite/processes.ts";
import { describeRetries } from "./inbox-suite/retries.ts";
import { describeSerial } from "./inbox-suite/serial.ts";
import type { InboxEngine } from "./inboxes.ts";

/** Runs the whole contract against one inbox, on its real engine, through services that receive over HTTP. */
export function describeInbox(engine: InboxEngine): void {
  describe(engine.name, () => {
    if (engine.start) beforeAll(engine.start);
    if (engine.stop) afterAll(engine.stop);
    describeAcceptance(engine);
    describeRetries(engine);
    if (engine.durable) describeDeadLetters(engine);
    else if (engine.processes) describeAfterHandlers(engine);
    if (engine.durable && engine.processes) describeProcesses(engine);
    if (engine.isStore) {
      describeFairness(engine);
      describeMessages(engine);
      describeSerial(engine);
      if (engine.processes) describePoison(engine);
    }
  });
}
