/**
 * Checks which package may depend on which: adapters → core ← inboxes; cli → simulator → core. No adapter and no
 * inbox depends on another, and core on none. The private packages and the examples may use them all.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const SCOPE = "@diffio-webhooks/";
const ALLOWED: Record<string, readonly string[]> = {
  core: [],
  express: ["core"],
  fastify: ["core"],
  hono: ["core"],
  "inbox-sqlite": ["core"],
  "inbox-postgres": ["core"],
  "inbox-redis": ["core"],
  "inbox-cloudflare": ["core"],
  simulator: ["core"],
  cli: ["core", "simulator"],
};

const root = join(import.meta.dirname, "..");
const wrong: string[] = [];
let checked = 0;

for (const manifest of globSync("packages/*/package.json", { cwd: root })) {
  const folder = join(root, manifest, "..");
  const {
    name,
    private: isPrivate,
    dependencies = {},
  } = JSON.parse(readFileSync(join(root, manifest), "utf8")) as {
    name: string;
    private?: boolean;
    dependencies?: Record<string, string>;
  };
  if (isPrivate) continue;
  const allowed = ALLOWED[name.slice(SCOPE.length)];
  if (!allowed) {
    wrong.push(
      `${name} has no place in the house: add it to ${import.meta.filename.slice(root.length + 1)}.`,
    );
    continue;
  }
  checked += 1;
  for (const dependency of Object.keys(dependencies)) check(manifest, dependency);
  for (const file of existsSync(join(folder, "src")) ? globSync("src/**/*.ts", { cwd: folder }) : []) {
    const source = readFileSync(join(folder, file), "utf8");
    for (const [, specifier = ""] of source.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)) {
      check(join(manifest, "..", file), specifier);
      if (
        specifier.startsWith("../") &&
        !join(folder, file, "..", specifier).startsWith(join(folder, "src"))
      ) {
        wrong.push(`${join(manifest, "..", file)} reaches out of its package: ${specifier}`);
      }
    }
  }

  function check(where: string, specifier: string): void {
    if (!specifier.startsWith(SCOPE)) return;
    const target = specifier.slice(SCOPE.length).split("/")[0] ?? "";
    if (target !== name.slice(SCOPE.length) && !allowed?.includes(target))
      wrong.push(`${where} must not use ${specifier}`);
  }
}

// `node:` modules stand in core only in files that the runtime chooses.
for (const file of globSync("packages/core/src/**/*.ts", { cwd: root })) {
  if (!file.endsWith(".node.ts") && /["']node:/.test(readFileSync(join(root, file), "utf8"))) {
    wrong.push(`${file} must not use a module of Node's`);
  }
}

for (const line of wrong) console.error(`✗ ${line}`);
if (wrong.length === 0) console.log(`✓ The arrows hold in ${checked} packages.`);
process.exitCode = wrong.length === 0 ? 0 : 1;
