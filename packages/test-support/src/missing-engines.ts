import { hasRedisServer, redisUrl } from "./redis.ts";

/** Says, after all tests, which engines were not there to be tested. */
export function teardown(): void {
  if (hasRedisServer) return;
  const what =
    redisUrl === undefined ? "Redis was not run" : "Redis was not killed (the one of REDIS_URL is not ours)";
  console.warn(
    `\n⚠ ${what}: there is no redis-server on the PATH. Debian has it in the package redis-server.\n`,
  );
}
