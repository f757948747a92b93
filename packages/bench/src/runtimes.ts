import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BundleTarget } from "./bundle.ts";
import { PACKAGES_DIR, RUNTIMES_DIR } from "./paths.ts";
import { run, runOrThrow } from "./spawn.ts";

/** Every runtime that the verification is timed on. */
export const RUNTIME_IDS = ["node-24", "node-20", "node-22", "node-26", "bun", "deno", "workerd"] as const;
export type RuntimeId = (typeof RUNTIME_IDS)[number];

/** A runtime that runs a bundle as a program; workerd is not one, see workerd.ts. */
export interface ProcessRuntime {
  readonly id: RuntimeId;
  readonly target: BundleTarget;
  readonly version: string;
  readonly program: string;
  /** What comes before the bundle. */
  readonly args: readonly string[];
}

/** How a runtime is shown: `Node 24`, `Bun`. */
export function runtimeName(id: RuntimeId): string {
  return id === "workerd" ? id : `${id.slice(0, 1).toUpperCase()}${id.slice(1).replace("-", " ")}`;
}

/**
 * Finds a runtime's program, and installs it from the npm registry where it is not there yet.
 *
 * @param installMs how long an installation may take; 0 for none.
 * @throws Error in words that tell a reader why it is left out.
 */
export async function findRuntime(
  id: Exclude<RuntimeId, "workerd">,
  installMs: number,
): Promise<ProcessRuntime> {
  const program = present(id) ?? (await install(id, installMs));
  const printed = await runOrThrow(program, ["--version"]);
  const version = /\d+\.\d+\.\d+\S*/.exec(printed)?.[0] ?? "unknown";
  const target = id === "bun" || id === "deno" ? id : "node";
  return { id, target, version, program, args: id === "deno" ? ["run", "--allow-all", "--quiet"] : [] };
}

function present(id: RuntimeId): string | undefined {
  if (id === `node-${process.versions.node.split(".")[0]}`) return process.execPath;
  // packages/contract tests the adapters on Bun and Deno, and so has them.
  return [join(PACKAGES_DIR, "contract/node_modules/.bin", id), installedProgram(id)].find((path) =>
    existsSync(path),
  );
}

async function install(id: RuntimeId, installMs: number): Promise<string> {
  if (installMs <= 0) throw new Error("not installed");
  const prefix = join(RUNTIMES_DIR, id);
  await mkdir(prefix, { recursive: true });
  // bun and deno fetch their program in an install script, and npm runs those of packages that are named here only.
  await writeFile(
    join(prefix, "package.json"),
    JSON.stringify({ private: true, allowScripts: { bun: true, deno: true } }),
  );
  const args = ["install", "--prefix", prefix, "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
  const { code, stderr } = await run("npm", [...args, packageOf(id)], {
    cwd: prefix,
    // The user's own: proxies and certificates may stand in it.
    env: process.env,
    timeout: installMs,
    shell: process.platform === "win32",
  });
  const program = installedProgram(id);
  if (code === 0 && existsSync(program)) return program;
  const [reason = ""] = stderr.trim().split("\n");
  throw new Error(`npm did not install it${reason === "" ? ` within ${installMs / 1000} s` : `: ${reason}`}`);
}

/** The package that holds Node's program itself; `node` is only a script that picks it. */
function nodePackage(): string {
  return `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
}

function packageOf(id: RuntimeId): string {
  return id.startsWith("node-") ? `${nodePackage()}@${id.slice("node-".length)}` : id;
}

function installedProgram(id: RuntimeId): string {
  const modules = join(RUNTIMES_DIR, id, "node_modules");
  if (!id.startsWith("node-")) return join(modules, ".bin", id);
  return join(modules, nodePackage(), "bin", process.platform === "win32" ? "node.exe" : "node");
}
