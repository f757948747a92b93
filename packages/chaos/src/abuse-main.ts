import { parseArgs } from "node:util";
import { ADAPTERS } from "@diffio-webhooks/contract";
import { createProgress } from "@diffio-webhooks/test-support/progress";
import { abuse } from "./abuse/abuse.ts";
import { abuseText } from "./abuse/report.ts";

type AdapterKey = keyof typeof ADAPTERS;

const HELP = `Attacks every adapter, each in a process of its own: bodies in one-byte chunks, bodies that stall, drip or
have no end, floods of forged deliveries. Prints the replies, the time, and how far the memory grew.

  pnpm abuse --adapter express5

  --adapter  ${Object.keys(ADAPTERS).join(", ")}. Default: all

The exit code is 0 when every adapter held, else 1.`;

function readAdapters(): readonly AdapterKey[] {
  try {
    const { values } = parseArgs({ options: { adapter: { type: "string" }, help: { type: "boolean" } } });
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    const { adapter } = values;
    if (adapter === undefined) return Object.keys(ADAPTERS) as AdapterKey[];
    if (adapter in ADAPTERS) return [adapter as AdapterKey];
    throw new Error(`There is no adapter "${adapter}".`);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}

const adapters = readAdapters();
const progress = createProgress();
const results = await abuse({
  adapters: adapters.map((key) => ADAPTERS[key]),
  onAttack: (adapter, attack) => progress.step(`${adapter}: ${attack}`),
});
progress.done();
console.log(abuseText(results));
process.exitCode = results.every(({ problems }) => problems.length === 0) ? 0 : 1;
