import { createFixture } from "./fixture.ts";
import { createHonoApp } from "./hono.ts";

/** Some seconds of arithmetic: a Worker's clock stands still while it computes, and it has no files to look at. */
function compute(): boolean {
  let x = 0;
  for (let index = 0; index < 1_500_000_000; index++) x = (x * 31 + index) | 0;
  return Number.isInteger(x);
}

export default createHonoApp(createFixture(compute));
