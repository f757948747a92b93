import { existsSync } from "node:fs";
import { isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";
import { invalidOption } from "@diffio-webhooks/core/inbox";

/**
 * Where the worker's file is: beside this one, whether that is a source or built.
 *
 * @throws WebhookError `invalid_option` where this runtime has no node:sqlite, or a bundler has left the file out.
 */
export function findWorker(): URL {
  if (!isBuiltin("node:sqlite")) {
    throw invalidOption(
      `sqliteInbox() needs node:sqlite, which this runtime (Node ${process.versions.node}) does not have.`,
      "Use Node 22.13 or newer, a current Bun or Deno, or another inbox.",
    );
  }
  // Not written as bundlers look for it: half of them would make a worker of it that lacks the rest.
  const here = import.meta.url as string | undefined;
  const file = here?.endsWith(".ts") ? "./worker/worker.ts" : "./worker/worker.js";
  const url = here === undefined ? undefined : new URL(file, here);
  if (url?.protocol === "file:" && existsSync(fileURLToPath(url))) return url;
  throw invalidOption(
    `The file of sqliteInbox()'s worker thread is not at ${url?.href ?? file}.`,
    "A bundler has put this package into its output. Mark it external: @diffio-webhooks/inbox-sqlite " +
      "(esbuild --external:…, Rollup and Vite external, webpack externals, Next serverExternalPackages).",
  );
}
