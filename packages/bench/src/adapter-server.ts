import type { Framework, ServerId } from "./results.ts";
import type { Listening } from "./servers/server.ts";

// A child process: one framework, one contestant. It tells its port, and its CPU time whenever it is asked.

/** What a child sends. */
export type ServerMessage = { readonly port: number } | { readonly cpuMicros: number };

const [framework, id] = process.argv.slice(2) as [Framework, ServerId];

/** Imported here, so that each process holds one framework only. */
async function start(): Promise<Listening> {
  switch (framework) {
    case "express":
      return (await import("./servers/express.ts")).startExpress(id);
    case "fastify":
      return (await import("./servers/fastify.ts")).startFastify(id);
    case "hono":
      return (await import("./servers/hono.ts")).startHono(id);
  }
}

const { port } = await start();
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  tell({ cpuMicros: user + system });
});
// The benchmark is gone: so is this.
process.on("disconnect", () => process.exit());
tell({ port });

function tell(message: ServerMessage): void {
  process.send?.(message);
}
