import { fileURLToPath } from "node:url";

/** This package. */
export const BENCH_DIR: string = fileURLToPath(new URL("..", import.meta.url));
/** The packages beside it. */
export const PACKAGES_DIR: string = fileURLToPath(new URL("../..", import.meta.url));
/** What a run makes and removes at its end; of its own, so that two runs at once do no harm. Git ignores it. */
export const CACHE_DIR: string = fileURLToPath(new URL(`../.cache/${process.pid}`, import.meta.url));
/** Runtimes from the npm registry; git ignores them. */
export const RUNTIMES_DIR: string = fileURLToPath(new URL("../.runtimes", import.meta.url));
