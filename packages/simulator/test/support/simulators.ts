import { onTestFinished } from "vitest";
import { type Attempt, type Simulator, type SimulatorOptions, startSimulator } from "../../src/index.ts";

/** Starts a simulator whose clock stands still, without jitter, and closes it when the test is over. */
export async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ clock: "manual", jitter: 0, ...options });
  onTestFinished(() => simulator.close());
  return simulator;
}

/** Sends a completed generation and waits for the attempts that are due at once. */
export async function sendOne(simulator: Simulator): Promise<string> {
  const { svixMessageId } = await simulator.sendTestEvent({ eventType: "generation.completed" });
  await simulator.idle();
  return svixMessageId;
}

/** The first attempt of a message. */
export async function firstAttempt(simulator: Simulator, messageId: string): Promise<Attempt> {
  const [attempt] = (await simulator.messages.get(messageId)).attempts;
  if (!attempt) throw new Error("No attempt was made.");
  return attempt;
}
