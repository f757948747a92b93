import { createProgress } from "@diffio-webhooks/test-support/progress";
import { readCommand } from "./command-line.ts";
import { ENGINES } from "./engines.ts";
import { race } from "./race.ts";

const HELP = `Delivers every id in many copies at once, spread over several processes on one store: each must run once.

  pnpm chaos:race --engine sqlite --ids 1000 --copies 100 --processes 4

  --engine     ${Object.keys(ENGINES).join(", ")}. Default sqlite
  --ids        Default 1000
  --copies     of each id, at once. Default 100
  --processes  Default 4

The exit code is 0 when every copy was answered 200 and every id ran once, else 1.`;

const { engine, numbers } = readCommand(HELP, { ids: 1000, copies: 100, processes: 4 });
const progress = createProgress();
const { refused, wrong } = await race({
  engine,
  ...numbers,
  onId: (done) => {
    // Where each step is a line of its own, some twenty of them.
    if (process.stderr.isTTY || done % Math.ceil(numbers.ids / 20) === 0)
      progress.step(`${done} of ${numbers.ids} ids`);
  },
});
progress.done();
console.log(
  `${engine.name}: ${numbers.ids} ids in ${numbers.copies} copies at once, on ${numbers.processes} process(es)\n` +
    `  copies not answered 200:  ${refused}\n  ids that did not run once: ${wrong.length}`,
);
for (const { messageId, runs } of wrong.slice(0, 10)) console.log(`    ${messageId} ran ${runs} times`);
process.exitCode = refused + wrong.length === 0 ? 0 : 1;
