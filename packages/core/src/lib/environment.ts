/** The environment variables of the process; none on runtimes without them. */
export function environment(): Record<string, string | undefined> {
  return processOf()?.env ?? {};
}

/**
 * Whether a framework's build imports this, or a script named `build` does (`npm run build`, `vite build`): it has neither
 * the secrets nor the databases of the environment in which the app will run.
 */
export function isBuild(): boolean {
  const { NEXT_PHASE = "", npm_lifecycle_event: script = "" } = environment();
  return NEXT_PHASE.endsWith("build") || /^build(?::|$)/.test(script) || processOf()?.argv?.[2] === "build";
}

function processOf(): { env?: Record<string, string | undefined>; argv?: readonly string[] } | undefined {
  return (globalThis as { process?: ReturnType<typeof processOf> }).process;
}
