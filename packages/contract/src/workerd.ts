import { build } from "esbuild";
import type { RunningAdapter } from "./adapters.ts";

/** The part of miniflare that is used here. The types it ships do not compile: they import what it does not depend on. */
interface MiniflareModule {
  Miniflare: new (options: {
    host: string;
    cf: boolean;
    handleUncaughtError: (error: Error) => void;
    handleStructuredLogs: (log: { level: string; message: string }) => void;
    workers: {
      config: {
        name: string;
        compatibilityDate: string;
        env: Record<string, { type: "text"; value: string }>;
        manifest: { mainModule: string; modules: Record<string, { type: "esm"; contents: string }> };
      };
    }[];
  }) => { ready: Promise<URL>; dispose(): Promise<void> };
}

/** A Worker that runs. */
export interface RunningWorker extends RunningAdapter {
  /** What it has logged so far. */
  stdout(): string;
}

const MODULE: string = "miniflare";

/** Bundles a Worker as wrangler does: with the same export conditions. */
export async function bundleForWorkerd(entryPoint: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    write: false,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
  });
  return outputFiles[0]?.text ?? "";
}

/** Runs a bundled Worker in a real workerd, on a port of 127.0.0.1, with `vars` as its environment. */
export async function startWorkerd(
  script: string,
  vars: Readonly<Record<string, string>> = {},
): Promise<RunningWorker> {
  const { Miniflare } = (await import(MODULE)) as MiniflareModule;
  let stdout = "";
  let stderr = "";
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    // Else it asks the network what a real edge would say of the request.
    cf: false,
    handleUncaughtError: (error) => {
      stderr += `${error.stack}\n`;
    },
    handleStructuredLogs: ({ level, message }) => {
      if (level === "error" || level === "warn") stderr += `${message}\n`;
      else stdout += `${message}\n`;
    },
    workers: [
      {
        config: {
          name: "worker",
          compatibilityDate: "2026-01-01",
          env: Object.fromEntries(
            Object.entries(vars).map(([name, value]) => [name, { type: "text" as const, value }]),
          ),
          manifest: { mainModule: "worker.js", modules: { "worker.js": { type: "esm", contents: script } } },
        },
      },
    ],
  });
  const { origin } = await miniflare.ready;
  return { url: origin, stdout: () => stdout, stderr: () => stderr, close: () => miniflare.dispose() };
}
