import { parseArgs } from "node:util";
import { createProgress } from "@diffio-webhooks/test-support/progress";
import { losePower } from "./power/power.ts";

const HELP = `Cuts the power of a loaded SQLite inbox: records its writes and syncs (strace, on Linux), rebuilds its files as
they can be at many moments, opens each, and looks for what had been acknowledged.

  pnpm chaos:power --messages 3000

  --messages  Default 1500, of 12 kB each: enough for the log to be copied into the database
  --cuts      at most so many moments, each in three ways. Default 100

The exit code is 0 when nothing was missing and no file was damaged, else 1.`;

const { values } = parseArgs({
  options: {
    messages: { type: "string", default: "1500" },
    cuts: { type: "string", default: "100" },
    help: { type: "boolean" },
  },
});
if (values.help) {
  console.log(HELP);
} else {
  const progress = createProgress();
  const report = await losePower({
    messages: Number(values.messages),
    bodyBytes: 12_000,
    cuts: Number(values.cuts),
    onCut: (done) => {
      if (done % 10 === 0) progress.step(`${done} cuts`);
    },
  });
  progress.done();
  const { acknowledged, syncs, cuts, images, lost, damaged } = report;
  console.log(
    [
      `sqliteInbox: the power cut at ${cuts} moments (${syncs} syncs), ${images} times`,
      `  acknowledged  ${acknowledged}`,
      `  lost          ${lost.length}`,
      `  damaged       ${damaged.length}`,
      ...[...lost, ...damaged].slice(0, 10).map((what) => `    ${what}`),
    ].join("\n"),
  );
  process.exitCode = lost.length + damaged.length === 0 ? 0 : 1;
}
