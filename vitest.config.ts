import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["packages/test-support/src/missing-engines.ts"],
    include: ["packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.ts", "test/**/*.test.ts"],
    // Servers of their own, workerd and wrangler start in some of them.
    // They mostly wait for them: more workers than cores.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
