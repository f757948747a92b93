import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { BENCH_DIR, CACHE_DIR } from "./paths.ts";

/** For whom the contestants are bundled: which conditions of `exports` and `imports` hold there. */
export type BundleTarget = "node" | "node-portable" | "bun" | "deno" | "workerd";

/** As a user's own bundler or runtime would resolve core and its peers. */
const CONDITIONS: Record<BundleTarget, readonly string[]> = {
  node: ["node"],
  // Node's peers with core's backend in plain JavaScript, which core chooses by these conditions.
  "node-portable": ["edge-light"],
  bun: ["bun", "node"],
  deno: ["deno", "node"],
  workerd: ["workerd", "worker", "browser"],
};

/** Bundles the contestants into one file for a runtime and gives its path. */
export async function bundleContestants(target: BundleTarget): Promise<string> {
  const entry = target === "workerd" ? "run-in-worker.ts" : "run-in-process.ts";
  const { outputFiles } = await build({
    entryPoints: [join(BENCH_DIR, "src", entry)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2023",
    platform: target === "workerd" ? "browser" : "node",
    conditions: [...CONDITIONS[target]],
    // Peers in CommonJS ask for Node's modules by require(), which a module has not by itself.
    ...(target !== "workerd" && {
      banner: {
        js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
      },
    }),
    logLevel: "error",
  });
  const [bundle] = outputFiles;
  if (!bundle) throw new Error("esbuild gave no bundle.");
  await mkdir(CACHE_DIR, { recursive: true });
  const path = join(CACHE_DIR, `contestants.${target}.mjs`);
  await writeFile(path, bundle.contents);
  return path;
}
