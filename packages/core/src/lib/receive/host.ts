/** A host that may freeze or end the process as soon as the reply has left. */
interface FreezingHost {
  readonly name: string;
  readonly hint: string;
}

const AFTER_HANDLERS =
  'Pass acknowledge: "after-handlers", so that the reply waits for the callbacks; or use a durable inbox.';

/** By an environment variable that each of them sets. Vercel and Netlify run on Lambda: they come first. */
const HOSTS: readonly (readonly [variable: string, host: FreezingHost])[] = [
  [
    "VERCEL",
    { name: "Vercel", hint: "Pass waitUntil from @vercel/functions (Next.js: after) as waitUntil." },
  ],
  ["NETLIFY", { name: "Netlify", hint: "Pass waitUntil: (runs, { context }) => context.waitUntil(runs)." }],
  ["AWS_LAMBDA_FUNCTION_NAME", { name: "AWS Lambda", hint: AFTER_HANDLERS }],
  ["FUNCTION_TARGET", { name: "Google Cloud Functions", hint: AFTER_HANDLERS }],
  ["FUNCTIONS_WORKER_RUNTIME", { name: "Azure Functions", hint: AFTER_HANDLERS }],
];

/** The host that this process runs on, if it is one of those; by its environment. */
export function freezingHost(): FreezingHost | undefined {
  const { process, navigator } = globalThis as {
    process?: { env?: Record<string, string | undefined> };
    navigator?: { userAgent?: string };
  };
  if (navigator?.userAgent === "Cloudflare-Workers") {
    return {
      name: "Cloudflare Workers",
      hint: 'Pass waitUntil from "cloudflare:workers" as waitUntil, or pass the execution context to the handler.',
    };
  }
  const env = process?.env;
  return env && HOSTS.find(([variable]) => env[variable])?.[1];
}
