/**
 * The main job, on real input: starts every framework, sends each the same signed deliveries over HTTP, and shows
 * what was answered and whether the callback ran. Exit code 0 only if every cell is as it must be.
 */
import { ADAPTERS, type Adapter, type Ledger, type LedgerRejection, send } from "@diffio-webhooks/contract";
import { type Row, makeRows } from "./rows.ts";
import { bold, green, grey, red, renderTable, wrap } from "./table.ts";

interface Cell {
  readonly status: number;
  readonly callback: Row["callback"] | "ran again";
  readonly rejection: LedgerRejection | undefined;
}

const FRAMEWORKS: readonly Adapter[] = [
  ADAPTERS.express5,
  ADAPTERS.fastify5,
  ADAPTERS.honoNode,
  { ...ADAPTERS.honoWorkerd, name: "Worker" },
];

const rows = makeRows();
console.log(`\n${bold("Diffio webhooks: the same signed deliveries, to every framework, over real HTTP")}\n`);
const columns = await Promise.all(FRAMEWORKS.map(deliverAll));

console.log(
  renderTable(
    ["delivery", ...FRAMEWORKS.map(({ name }) => name)],
    rows.map((row, index) => [row.name, ...columns.map((column) => renderCell(row, column[index]))]),
  ),
);
console.log(
  `\n${bold("Why they were refused")} ${grey("(the sender sees only the code; onRejected is told the rest)")}\n`,
);
for (const { names, rejection } of collectReasons()) {
  console.log(`  ${bold(`${rejection.status} ${rejection.code}`)}  ${grey(names.join("; "))}`);
  console.log(`${wrap(rejection.message, 6)}\n${wrap(`→ ${rejection.hint}`, 6)}\n`);
}

const cells = rows.flatMap((row, index) => columns.map((column) => isRight(row, column[index])));
const right = cells.filter(Boolean).length;
const verdict = `${right} of ${cells.length} cells are as they must be.`;
console.log(right === cells.length ? green(`✓ ${verdict}`) : red(`✗ ${verdict}`));
console.log(
  `Next: ${bold("npx -y pnpm@12 dev")} starts the sender on this machine, with a portal, and all example apps.`,
);
console.log(grey("README.md shows how to put this into your own app.\n"));
process.exitCode = right === cells.length ? 0 : 1;

async function deliverAll(framework: Adapter): Promise<readonly Cell[]> {
  const server = await framework.start();
  try {
    const seen: Cell[] = [];
    for (const { request } of rows) {
      const before = await readLedger(server.url);
      const { status } = await send(server.url, request);
      const after = await readLedger(server.url);
      seen.push({
        status,
        callback: seenOfCallback(runsOf(before, request.messageId), runsOf(after, request.messageId)),
        rejection: after.rejections[before.rejections.length],
      });
    }
    return seen;
  } finally {
    await server.close();
  }
}

async function readLedger(url: string): Promise<Ledger> {
  return JSON.parse((await send(url, { method: "GET", path: "/ledger" })).text) as Ledger;
}

function runsOf({ runs }: Ledger, messageId: string): number {
  return runs.filter((run) => run.messageId === messageId).length;
}

function seenOfCallback(before: number, after: number): Cell["callback"] {
  if (before === 0) return after === 0 ? "not run" : "ran";
  return after === before ? "not again" : "ran again";
}

function isRight(row: Row, cell: Cell | undefined): boolean {
  return cell?.status === row.status && cell.callback === row.callback;
}

function renderCell(row: Row, cell: Cell | undefined): string {
  if (!cell) return red("✗ nothing");
  const text = `${cell.status} ${cell.callback}`;
  return isRight(row, cell) ? `${green("✓")} ${text}` : red(`✗ ${text}`);
}

/** The reasons that the receivers gave, one for each code, with the deliveries that they were given for. */
function collectReasons(): { names: string[]; rejection: LedgerRejection }[] {
  const reasons = new Map<string, { names: string[]; rejection: LedgerRejection }>();
  for (const [index, { name }] of rows.entries()) {
    for (const { rejection } of columns.flatMap((column) => column[index] ?? [])) {
      if (!rejection) continue;
      const reason = reasons.get(rejection.code) ?? { names: [], rejection };
      if (!reason.names.includes(name)) reason.names.push(name);
      reasons.set(rejection.code, reason);
    }
  }
  return [...reasons.values()];
}
