import { type RoundsPlan, runRounds } from "./rounds.ts";

// The entry on Node, Bun and Deno: a plan as JSON in the first argument, times as JSON on standard output.
const plan = JSON.parse(process.argv[2] ?? "{}") as RoundsPlan;
console.log(JSON.stringify(await runRounds(plan)));
