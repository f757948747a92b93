import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { installBuiltCore, linkAll } from "./installed-core.ts";
import { BENCH_DIR } from "./paths.ts";
import type { Progress } from "@diffio-webhooks/test-support/progress";
import type { Results } from "./results.ts";
import { cleanEnv } from "./spawn.ts";

/** What a fresh process imports. */
const IMPORTS: readonly { id: string; what: string; specifier: string }[] = [
  { id: "core", what: "@diffio-webhooks/core", specifier: "@diffio-webhooks/core" },
  { id: "schemas", what: "@diffio-webhooks/core/schemas (zod)", specifier: "@diffio-webhooks/core/schemas" },
  { id: "svix", what: "svix", specifier: "svix" },
  { id: "standardwebhooks", what: "standardwebhooks", specifier: "standardwebhooks" },
  { id: "stripe", what: "stripe", specifier: "stripe" },
  { id: "octokit", what: "@octokit/webhooks-methods", specifier: "@octokit/webhooks-methods" },
  { id: "clerk", what: "@clerk/backend/webhooks", specifier: "@clerk/backend/webhooks" },
  { id: "polar-hono", what: "@polar-sh/hono", specifier: "@polar-sh/hono" },
];
const PEERS = [
  "svix",
  "standardwebhooks",
  "stripe",
  "@octokit/webhooks-methods",
  "@clerk/backend",
  "@polar-sh/hono",
];

/** Times fresh Node processes that import one package and end, each right after one that imports nothing. */
export async function measureImports(results: Results, progress: Progress): Promise<void> {
  progress.step("import times: building core");
  const folder = await installBuiltCore();
  await linkAll(join(BENCH_DIR, "node_modules"), join(folder, "node_modules"), PEERS);
  await writeFile(join(folder, "bare.mjs"), "");
  for (const { id, specifier } of IMPORTS) {
    // eslint-disable-next-line no-await-in-loop -- a handful
    await writeFile(join(folder, `${id}.mjs`), `import ${JSON.stringify(specifier)};\n`);
  }
  const measured = results.quick ? IMPORTS.filter(({ id }) => id === "core") : IMPORTS;
  const times = measured.map((each) => ({ id: each.id, what: each.what, times: [] as number[] }));
  const rounds = results.quick ? 15 : 40;
  progress.step(`import times: ${rounds} rounds of ${measured.map(({ id }) => id).join(", ")}`);
  for (let round = -1; round < rounds; round++) {
    for (const { id, times: samples } of times) {
      const bare = wallMillis(folder, "bare.mjs");
      const imported = wallMillis(folder, `${id}.mjs`) - bare;
      // The first round only brings the files into the page cache.
      if (round >= 0) samples.push(imported);
    }
  }
  results.imports.push(...times);
}

function wallMillis(cwd: string, file: string): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [file], { cwd, env: cleanEnv() });
  const millis = performance.now() - start;
  if (status !== 0) throw new Error(`${file} could not be imported: ${stderr.toString().slice(0, 400)}`);
  return millis;
}
