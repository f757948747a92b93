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
        manifest: { mainModule: string; modules: Record<string, { type: "esm"; contents: string }> };
      };
    }[];
  }) => { ready: Promise<URL>; dispose(): Promise<void> };
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

/** Runs a bundled Worker in a real workerd, on a port of 127.0.0.1. */
export async function startWorkerd(script: string): Promise<RunningAdapter> {
  const { Miniflare } = (await import(MODULE)) as MiniflareModule;
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
    },
    workers: [
      {
        config: {
          name: "worker",
          compatibilityDate: "2026-01-01",
          manifest: { mainModule: "worker.js", modules: { "worker.js": { type: "esm", contents: script } } },
        },
      },
    ],
  });
  const { origin } = await miniflare.ready;
  return { url: origin, stderr: () => stderr, close: () => miniflare.dispose() };
}
