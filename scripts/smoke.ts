/**
 * Packs every public package as it would be published, checks the tarballs with publint and attw, installs them into
 * an empty project, and receives a signed delivery through each there, on this Node and on others found by argument.
 * A Worker is type-checked there against Cloudflare's own types, which do not stand beside Node's in the workspace.
 *
 *     node scripts/smoke.ts [path/to/another/node …]
 */
import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "diffio-smoke-"));
const WORKER_TYPES =
  "--strict --noEmit --target es2023 --lib es2024 --module es2022 --moduleResolution bundler --types @cloudflare/workers-types".split(
    " ",
  );
const APP_TYPES =
  "--strict --noEmit --exactOptionalPropertyTypes --target es2023 --lib es2024 --types node".split(" ");
const TYPESCRIPT_5 = join(root, "node_modules/typescript5/bin/tsc");
/** Old apps resolve by node10, which knows no exports: TypeScript 7 has dropped it. */
const RESOLUTIONS = [
  ["7", "--module nodenext --moduleResolution nodenext"],
  ["7", "--module preserve --moduleResolution bundler"],
  ["5.9", "--module nodenext --moduleResolution nodenext"],
  ["5.9", "--module esnext --moduleResolution node10 --skipLibCheck"],
] as const;
const nodes = [process.execPath, ...process.argv.slice(2)];

try {
  const tarballs = globSync("packages/*/package.json", { cwd: root })
    .map((manifest) => join(root, manifest, ".."))
    .filter((directory) => !readManifest(directory).private)
    .map(pack);
  const dependencies = Object.fromEntries(tarballs.map(({ name, path }) => [name, `file:${path}`]));
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({
      type: "module",
      private: true,
      // npm resolves what the tarballs ask of each other to the tarballs too.
      overrides: dependencies,
      dependencies: {
        ...dependencies,
        express: "^5",
        fastify: "^5",
        hono: "^4",
        "@cloudflare/workers-types": "^5",
        "@types/express": "^5",
        "@types/node": "^24",
      },
    }),
  );
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], folder);
  writeFileSync(join(folder, "smoke.mjs"), readFileSync(join(import.meta.dirname, "smoke-app.js")));
  for (const node of nodes) {
    const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
    console.log(`Node ${version}: ${run(node, ["smoke.mjs"], folder).trim()}`);
    run(node, [join(folder, "node_modules/.bin/diffio-webhooks"), "--version"], folder);
  }
  writeFileSync(join(folder, "worker.ts"), readFileSync(join(import.meta.dirname, "smoke-worker.ts")));
  run("tsc", [...WORKER_TYPES, "worker.ts"], folder);
  writeFileSync(join(folder, "types.ts"), readFileSync(join(import.meta.dirname, "smoke-types.ts")));
  for (const [compiler, resolution] of RESOLUTIONS) {
    const [command, ...before] = compiler === "5.9" ? [process.execPath, TYPESCRIPT_5] : ["tsc"];
    run(command ?? "tsc", [...before, ...APP_TYPES, ...resolution.split(" "), "types.ts"], folder);
    console.log(`TypeScript ${compiler}, ${resolution}: the types are found`);
  }
  console.log(`✓ ${tarballs.length} packages work as published.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function pack(directory: string): { name: string; path: string } {
  const { name, version } = readManifest(directory);
  run("pnpm", ["pack", "--pack-destination", folder], directory);
  const path = join(folder, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
  run("publint", ["run", path, "--strict"], root);
  run("attw", [path, "--profile", "esm-only", "--no-emoji", "--format", "ascii"], root);
  return { name, path };
}

function readManifest(directory: string): { name: string; version: string; private?: boolean } {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as ReturnType<typeof readManifest>;
}

function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}\n${stderr}`, { cause: error });
  }
}
