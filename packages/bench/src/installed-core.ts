import { cp, mkdir, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CACHE_DIR, PACKAGES_DIR } from "./paths.ts";
import { runOrThrow } from "./spawn.ts";

/** What core's manifest says of the package that is published. */
interface Manifest {
  readonly publishConfig: { readonly exports: unknown; readonly imports: unknown };
}

/**
 * Installs core as a user of the registry has it: its own build script's output, the manifest with what
 * `publishConfig` puts into it when pnpm packs it, no sources, and its dependencies beside it.
 *
 * @returns a folder from which `@diffio-webhooks/core` resolves to that.
 */
export async function installBuiltCore(): Promise<string> {
  const source = join(PACKAGES_DIR, "core");
  await runOrThrow(process.execPath, ["--run", "build"], { cwd: source });
  const folder = join(CACHE_DIR, "installed");
  await rm(folder, { recursive: true, force: true });
  const modules = join(folder, "node_modules");
  const target = join(modules, "@diffio-webhooks/core");
  await mkdir(target, { recursive: true });
  await cp(join(source, "dist"), join(target, "dist"), { recursive: true });

  const manifest = JSON.parse(await readFile(join(source, "package.json"), "utf8")) as Manifest;
  const { exports, imports } = manifest.publishConfig;
  await writeFile(join(target, "package.json"), JSON.stringify({ ...manifest, exports, imports }));
  await linkAll(join(source, "node_modules"), modules, ["zod"]);
  return folder;
}

/** Makes packages of one node_modules resolve from another too. */
export async function linkAll(from: string, to: string, names: readonly string[]): Promise<void> {
  const there = new Set(await readdir(from));
  for (const name of names) {
    if (!there.has(name.split("/")[0] ?? name)) throw new Error(`${name} is not installed.`);
    // eslint-disable-next-line no-await-in-loop -- a handful
    await mkdir(join(to, name, ".."), { recursive: true });
    // eslint-disable-next-line no-await-in-loop -- a handful
    await symlink(join(from, name), join(to, name), "junction");
  }
}
