import { environment } from "../environment.ts";

/** A host that may freeze or end the process as soon as the reply has been sent. */
export interface FreezingHost {
  readonly name: string;
  readonly hint: string;
}

const AFTER_HANDLERS =
  'Pass acknowledge: "after-handlers", so that the reply waits for the callbacks; or use a durable inbox.';

/** By an environment variable that each of them sets. Vercel and Netlify run on Lambda: they come first. */
const HOSTS: readonly (readonly [variable: string, name: string, hint?: string])[] = [
  ["VERCEL", "Vercel", "Pass waitUntil from @vercel/functions (Next.js: after) as waitUntil."],
  ["NETLIFY", "Netlify", "Pass its context's waitUntil as waitUntil."],
  ["AWS_LAMBDA_FUNCTION_NAME", "AWS Lambda"],
  ["FUNCTION_TARGET", "Google Cloud Functions"],
  ["K_SERVICE", "Google Cloud Run"],
];

/** The host that this process runs on, if it is one of those; by its environment. */
export function freezingHost(): FreezingHost | undefined {
  const { navigator, EdgeRuntime } = globalThis as {
    navigator?: { userAgent?: string };
    EdgeRuntime?: { waitUntil?: unknown };
  };
  if (navigator?.userAgent === "Cloudflare-Workers") {
    const hint =
      'Pass waitUntil from "cloudflare:workers" as waitUntil, or the execution context to the handler.';
    return { name: "Cloudflare Workers", hint };
  }
  if (typeof EdgeRuntime?.waitUntil === "function") {
    return {
      name: "Supabase Edge Functions",
      hint: "Pass waitUntil: (runs) => EdgeRuntime.waitUntil(runs).",
    };
  }
  const [, name, hint = AFTER_HANDLERS] = HOSTS.find(([variable]) => environment()[variable]) ?? [];
  return name === undefined ? undefined : { name, hint };
}
