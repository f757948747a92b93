import { CONTESTANTS, CONTESTANT_IDS } from "./contestant-names.ts";
import { machineText } from "./machine.ts";
import { GOAL_HEADS, formatNumber, goalCells, readGoals } from "./report.ts";
import { type Results, SERVERS, type ServerId, type VerificationResult } from "./results.ts";
import { runtimeName } from "./runtimes.ts";
import { median, summarize } from "./statistics.ts";

/** All results as tables. */
export function markdown(results: Results): string {
  const { machine, notes, failures } = results;
  return [
    "# Results",
    "",
    "<!-- Written by src/main.ts: run it again rather than change this file. -->",
    "",
    `Measured on ${machineText(machine)}. Medians; in brackets the quartiles,`,
    "between which half of the rounds lie. How it is measured stands in the [README](README.md).",
    "",
    ...[...notes, ...failures.map((failure) => `Failed: ${failure}`)].map((line) => `- ${line}`),
    ...section("Goals", GOAL_HEADS, readGoals(results).map(goalCells)),
    ...sizeTables(results),
    ...runtimeTable(results),
    ...section(
      "Server CPU for one request, 400 B, in µs",
      ["server", "CPU", "over bare"],
      adapterRows(results),
    ),
    ...section(
      "Bundles for a Worker, in bytes",
      ["bundle", "minified", "gzip -9"],
      results.sizes.map(({ what, minified, gzipped }) => [what, thousands(minified), thousands(gzipped)]),
    ),
    ...section(
      "Import in a fresh Node 24 process, in ms over a bare one",
      ["package", "time"],
      results.imports.map(({ what, times }) => [what, withSpread(times)]),
    ),
    ...memorySection(results),
    ...section(
      "Time of one signature comparison by the place of the first difference, in ns",
      ["place", "time"],
      results.constantTime.map(({ position, times }) => [
        position < 0 ? "equal" : String(position),
        withSpread(times),
      ]),
    ),
    ...section(
      "Durable inboxes, messages a second with every commit on the disk",
      ["inbox", "at a time", "accepted", "the engine's own insert or add"],
      results.inboxes.flatMap(({ engine, rates }) =>
        rates.map(({ atOnce, ours, bare }) => [engine, String(atOnce), perSecond(ours), perSecond(bare)]),
      ),
    ),
    ...section(
      "Durable inboxes, p99 of the time to a 200 in ms, and accept and run in µs",
      ["inbox", "callbacks end at once", "callbacks take 10 s", "few ids", "many ids"],
      results.inboxes.map(({ engine, acknowledgement: { quick, slow }, growth }) => [
        engine,
        withSpread(quick),
        withSpread(slow),
        `${withSpread(growth.few)} at ${thousands(growth.fewIds)}`,
        `${withSpread(growth.many)} at ${thousands(growth.manyIds)}`,
      ]),
    ),
    ...section(
      "Durable inboxes, messages that wait, run a second; and counts() in µs",
      [
        "inbox",
        "10 at once",
        "100 at once",
        "pg-boss, 10",
        "pg-boss, 100",
        "counts, few ids",
        "counts, many ids",
      ],
      results.inboxes.map(({ engine, drains, counts }) => [
        engine,
        ...drains.map(({ ours }) => perSecond(ours)),
        ...drains.map(({ peer }) => (peer ? perSecond(peer) : "")),
        withSpread(counts.few),
        withSpread(counts.many),
      ]),
    ),
    "",
  ].join("\n");
}

/** Node 24, a column a size; and the same with the headers of a whole request. */
function sizeTables({ verification }: Results): string[] {
  const cells = verification.filter(
    ({ runtime, backend }) => runtime === "node-24" && backend === "node:crypto",
  );
  return section(
    "Verification on Node 24, in µs for one message",
    [
      "contestant",
      ...cells.map(
        ({ bytes, wholeHeaders }) => `${thousands(bytes)} B${wholeHeaders ? ", all headers" : ""}`,
      ),
    ],
    contestantRows(cells),
  );
}

function runtimeTable({ verification }: Results): string[] {
  const cells = verification.filter(({ bytes, wholeHeaders }) => bytes === 400 && !wholeHeaders);
  const heads = cells.map(({ runtime, version, backend }) => {
    const portable = backend === "portable" && runtime !== "workerd" ? ", plain JavaScript" : "";
    return `${runtimeName(runtime)}${portable} (${version})`;
  });
  return section(
    "Verification of 400 B by runtime, in µs for one message",
    ["contestant", ...heads],
    contestantRows(cells),
  );
}

function contestantRows(cells: readonly VerificationResult[]): string[][] {
  return CONTESTANT_IDS.filter((id) => cells.some(({ times }) => times[id])).map((id) => [
    CONTESTANTS[id],
    ...cells.map(({ times }) => withSpread(times[id])),
  ]);
}

function adapterRows({ adapters }: Results): string[][] {
  return adapters.flatMap(({ framework, times }) => {
    const bare = median(times.bare ?? []);
    return (Object.keys(times) as ServerId[]).map((id) => [
      `${framework}: ${SERVERS[id]}`,
      withSpread(times[id]),
      id === "bare" ? "" : formatNumber(median(times[id] ?? []) - bare),
    ]);
  });
}

function memorySection({ memory }: Results): string[] {
  if (!memory) return [];
  return section(
    `Heap after garbage collection, in MB: ${formatNumber(memory.bytesPerDelivery)} B for one delivery once ${thousands(memory.rememberedIds)} ids are remembered`,
    ["deliveries", "heap"],
    memory.points.map(({ deliveries, heapBytes }) => [thousands(deliveries), (heapBytes / 1e6).toFixed(1)]),
  );
}

function section(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return ["", `## ${title}`, "", line(heads), line(heads.map(() => "---")), ...rows.map(line)];
}

function withSpread(samples: readonly number[] | undefined): string {
  if (!samples || samples.length === 0) return "–";
  const summary = summarize(samples);
  return `${formatNumber(summary.median)} (${formatNumber(summary.low)} – ${formatNumber(summary.high)})`;
}

/** Messages a second, from microseconds for one. */
function perSecond(samples: readonly number[]): string {
  return thousands(Math.round(1e6 / median(samples)));
}

function thousands(value: number): string {
  return value.toLocaleString("en");
}
