import { spawnSync } from "node:child_process";
import { hasRedisServer, redisUrl } from "./redis.ts";

/** Whether there is a `strace` on the PATH, with which a loss of power is tried. */
export const hasStrace: boolean = spawnSync("strace", ["-V"]).status === 0;

/** Says, after all tests, what was not there to be tested with. */
export function teardown(): void {
  if (!hasRedisServer) {
    const what =
      redisUrl === undefined
        ? "Redis was not run"
        : "Redis was not killed (the one of REDIS_URL is not ours)";
    console.warn(
      `\n⚠ ${what}: there is no redis-server on the PATH. Debian has it in the package redis-server.\n`,
    );
  }
  if (!hasStrace) {
    console.warn(
      "\n⚠ No power was cut: there is no strace on the PATH. Debian has it in the package strace.\n",
    );
  }
}
