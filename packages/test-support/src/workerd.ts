import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";

/** The part of miniflare that is used here. The types it ships do not compile: they import what it does not depend on. */
interface MiniflareModule {
  Miniflare: new (options: {
    host: string;
    cf: boolean;
    resourcePersistencePath?: string;
    handleUncaughtError: (error: Error) => void;
    handleStructuredLogs: (log: { level: string; message: string }) => void;
    workers: {
      config: {
        name: string;
        compatibilityDate: string;
        compatibilityFlags: readonly string[];
        env: Record<string, Binding>;
        exports: Record<string, { type: "durable-object"; storage: "sqlite" }>;
        triggers: ({ type: "queue"; name: string } & QueueConsumer)[];
        manifest: { mainModule: string; modules: Record<string, { type: "esm"; contents: string }> };
      };
    }[];
  }) => { ready: Promise<URL>; dispose(): Promise<void> };
}

type Binding =
  | { type: "text"; value: string }
  | { type: "queue"; name: string }
  | { type: "durable-object"; worker: string; exportName: string };

/** How a queue hands its messages to the Worker. Fractions of a second are for tests: the real one takes none. */
export interface QueueConsumer {
  readonly maxBatchSize?: number;
  /** In seconds. */
  readonly maxBatchTimeout?: number;
  readonly maxRetries?: number;
}

/** What a Worker is given. */
export interface WorkerOptions {
  /** Its environment. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Queues that it produces for and consumes, by their bindings. */
  readonly queues?: Readonly<Record<string, QueueConsumer>>;
  /** Durable Objects with SQLite: the names of the classes that it exports, by their bindings. */
  readonly objects?: Readonly<Record<string, string>>;
  readonly compatibilityFlags?: readonly string[];
  /** The folder in which they are kept; in memory without. */
  readonly storage?: string;
}

/** A Worker that runs. */
export interface RunningWorker {
  readonly url: string;
  /** What it has logged so far. */
  stdout(): string;
  stderr(): string;
  close(): Promise<void>;
}

const MODULE: string = "miniflare";
const COMPATIBILITY_DATE = "2026-01-01";

/** Bundles a Worker as wrangler does: with the same export conditions. */
export async function bundleForWorkerd(entryPoint: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    write: false,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*"],
  });
  return outputFiles[0]?.text ?? "";
}

/** Bundles a Worker that uses Node's modules with wrangler itself, which brings polyfills for those that workerd lacks. */
export async function bundleWithWrangler(entryPoint: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "diffio-wrangler-"));
  try {
    const config = join(folder, "wrangler.json");
    await writeFile(
      config,
      JSON.stringify({
        name: "worker",
        main: entryPoint,
        compatibility_date: COMPATIBILITY_DATE,
        compatibility_flags: ["nodejs_compat"],
      }),
    );
    const wrangler = join(
      dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
      "bin/wrangler.js",
    );
    const output = join(folder, "out");
    await promisify(execFile)(
      process.execPath,
      [wrangler, "deploy", "--dry-run", "--outdir", output, "-c", config],
      {
        env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "true" },
      },
    );
    return await readFile(join(output, basename(entryPoint).replace(/\.ts$/, ".js")), "utf8");
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs a bundled Worker in a real workerd, on a port of 127.0.0.1. */
export async function startWorkerd(
  script: string,
  { vars = {}, queues = {}, objects = {}, compatibilityFlags = [], storage }: WorkerOptions = {},
): Promise<RunningWorker> {
  const { Miniflare } = (await import(MODULE)) as MiniflareModule;
  let stdout = "";
  let stderr = "";
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    // Else it asks the network what a real edge would say of the request.
    cf: false,
    ...(storage !== undefined && { resourcePersistencePath: storage }),
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
          compatibilityDate: COMPATIBILITY_DATE,
          compatibilityFlags,
          env: {
            ...mapValues(vars, (value): Binding => ({ type: "text", value })),
            ...mapValues(queues, (_, binding): Binding => ({ type: "queue", name: queueName(binding) })),
            ...mapValues(objects, (exportName): Binding => ({
              type: "durable-object",
              worker: "worker",
              exportName,
            })),
          },
          exports: Object.fromEntries(
            Object.values(objects).map((name) => [name, { type: "durable-object", storage: "sqlite" }]),
          ),
          triggers: Object.entries(queues).map(([binding, consumer]) => ({
            type: "queue",
            name: queueName(binding),
            ...consumer,
          })),
          manifest: { mainModule: "worker.js", modules: { "worker.js": { type: "esm", contents: script } } },
        },
      },
    ],
  });
  const { origin } = await miniflare.ready;
  return { url: origin, stdout: () => stdout, stderr: () => stderr, close: () => miniflare.dispose() };
}

const queueName = (binding: string): string => binding.toLowerCase().replaceAll("_", "-");

function mapValues<Value, Result>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value, key: string) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
