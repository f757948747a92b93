/** The sender on this machine with its portal, and every example app behind it, until Ctrl-C. */
import { once } from "node:events";
import { parseArgs, styleText } from "node:util";
import { type SimulatorError, startSimulator } from "@diffio-webhooks/simulator";
import { startReceivers } from "./receivers.ts";

const NAME_WIDTH = 9;

const { port } = parseArgs({ options: { port: { type: "string", default: "4400" } } }).values;
const simulator = await startSimulator({ port: Number(port) }).catch(
  ({ code, message, hint }: SimulatorError) => {
    const orElse = code === "port_in_use" ? " For example: npx -y pnpm@12 dev --port 0" : "";
    console.error(`${message} ${hint}${orElse}`);
    process.exit(1);
  },
);
const stopped = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
print("portal", simulator.url);
print("API key", simulator.apiKey);

const receivers = startReceivers(simulator, (name, line) => {
  if (line.trim() !== "") print(name, line);
});
for (const receiver of receivers) {
  receiver.then(
    ({ name, url }) => print(name, styleText("green", `receives at ${url}`)),
    (error: Error) => console.error(error.message),
  );
}
await Promise.race([Promise.allSettled(receivers), stopped]);
console.log(`\nSend an event from the portal, or in another terminal:
  npx -y pnpm@12 cli trigger generation.completed${port === "4400" ? "" : ` --simulator ${simulator.url}`}\n`);

await stopped;
await simulator.close();
await Promise.allSettled(receivers.map(async (receiver) => (await receiver).example.stop()));

function print(name: string, text: string): void {
  console.log(`${styleText("gray", name.padEnd(NAME_WIDTH))}${text}`);
}
