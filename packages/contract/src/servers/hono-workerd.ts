import { createFixture } from "./fixture.ts";
import { createHonoApp } from "./hono.ts";

/**
 * Some tenths of a second of arithmetic: a Worker's clock stands still while it computes, and it has no files to look
 * at. Who waits for the reply tells whether it came first.
 */
function compute(): undefined {
  let x = 0;
  for (let index = 0; index < 400_000_000; index++) x = (x * 31 + index) | 0;
  if (!Number.isInteger(x)) throw new Error("No compiler may leave the loop out.");
}

export default createHonoApp(createFixture(compute));
