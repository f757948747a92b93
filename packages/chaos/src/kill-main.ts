import { createProgress } from "@diffio-webhooks/test-support/progress";
import { readCommand } from "./command-line.ts";
import { ENGINES } from "./engines.ts";
import { killCampaign } from "./kill.ts";
import { killText } from "./report.ts";

const HELP = `Kills a real service under load (kill -9) at every step and at random moments, starts it again, sends again
what was not acknowledged, and looks for acknowledged messages whose effect never came.

  pnpm chaos:kill --engine sqlite --trials 1000

  --engine  ${Object.keys(ENGINES).join(", ")} (the memory inbox is expected to lose). Default sqlite
  --trials  how often a process is killed. Default 100
  --lanes   trials that go on at once, each on a store of its own. Default 2

The exit code is 0 when nothing was lost and nothing ran again without a kill that explains it, else 1.`;

const { engine, numbers } = readCommand(HELP, { trials: 100, lanes: 2 });
const progress = createProgress();
const report = await killCampaign({
  engine,
  ...numbers,
  onTrial(done) {
    // Where each step is a line of its own, some twenty of them.
    if (process.stderr.isTTY || done % Math.ceil(numbers.trials / 20) === 0)
      progress.step(bar(done, numbers.trials));
  },
});
progress.done();
console.log(killText(engine.name, report));
process.exitCode = report.lost.length + report.unexplained.length === 0 ? 0 : 1;

function bar(done: number, all: number): string {
  const filled = Math.round((done / all) * 30);
  return `${"█".repeat(filled)}${"░".repeat(30 - filled)} ${done} of ${all} trials`;
}
