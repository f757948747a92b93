import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { BENCH_DIR } from "./paths.ts";
import type { Progress } from "@diffio-webhooks/test-support/progress";
import type { Results, SizeResult } from "./results.ts";

/** What is bundled, as the source of an app that uses it and nothing else. */
const BUNDLES: readonly { id: string; what: string; source: string }[] = [
  {
    id: "receiver",
    what: "ours: createReceiver (events validated, SHA-256 included)",
    source: 'export { createReceiver } from "@diffio-webhooks/core";',
  },
  {
    id: "receiver-and-schemas",
    what: "ours: createReceiver and the zod schemas",
    source:
      'export { createReceiver } from "@diffio-webhooks/core"; export { diffioEventSchema } from "@diffio-webhooks/core/schemas";',
  },
  {
    id: "verifier",
    what: "ours: createVerifier alone",
    source: 'export { createVerifier } from "@diffio-webhooks/core";',
  },
  {
    id: "hono-adapter",
    what: "ours: Hono adapter",
    source: 'export { diffioWebhooks } from "@diffio-webhooks/hono";',
  },
  { id: "svix", what: "svix: Webhook", source: 'export { Webhook } from "svix";' },
  {
    id: "standardwebhooks",
    what: "standardwebhooks: Webhook",
    source: 'export { Webhook } from "standardwebhooks";',
  },
  {
    id: "stripe",
    what: "stripe: Stripe (its webhooks hang on it)",
    source: 'export { default } from "stripe";',
  },
  {
    id: "octokit",
    what: "@octokit/webhooks-methods: verify",
    source: 'export { verify } from "@octokit/webhooks-methods";',
  },
  {
    id: "clerk",
    what: "@clerk/backend: verifyWebhook",
    source: 'export { verifyWebhook } from "@clerk/backend/webhooks";',
  },
  {
    id: "polar-hono",
    what: "@polar-sh/hono: Webhooks",
    source: 'export { Webhooks } from "@polar-sh/hono";',
  },
];

/** Bundles ours and the peers as for a Worker: minified, then gzip -9. */
export async function measureSizes(results: Results, progress: Progress): Promise<void> {
  progress.step("sizes of bundles for a Worker");
  results.sizes.push(...(await Promise.all(BUNDLES.map(measureBundle))));
}

async function measureBundle({ id, what, source }: (typeof BUNDLES)[number]): Promise<SizeResult> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: BENCH_DIR, loader: "js" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2023",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    legalComments: "none",
    logLevel: "error",
  });
  const [bundle] = outputFiles;
  if (!bundle) throw new Error(`There is no bundle of ${id}.`);
  return {
    id,
    what,
    minified: bundle.contents.length,
    gzipped: gzipSync(bundle.contents, { level: 9 }).length,
  };
}
