/** A simulator in a process of its own, to be killed: `node restartable.ts <data file>`. Prints where it listens. */
import { startSimulator } from "../../src/index.ts";

const simulator = await startSimulator({ clock: "manual", jitter: 0, data: String(process.argv[2]) });
console.log(simulator.url);
