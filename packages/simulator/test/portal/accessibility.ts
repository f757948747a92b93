import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { setScene } from "./support/scene.ts";
import { EMPTY_STOPS, type Stop, prepareTour } from "./support/tour.ts";

/** What the injected script defines. */
interface Axe {
  readonly axe: typeof axe;
}

/** Ignored by git: to be looked at. */
const SCREENSHOTS = join(import.meta.dirname, "../../screenshots");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const DESKTOP = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
const LOOKS = [
  { name: "light", colorScheme: "light", viewport: DESKTOP },
  { name: "dark", colorScheme: "dark", viewport: DESKTOP },
  { name: "narrow-light", colorScheme: "light", viewport: PHONE },
  { name: "narrow-dark", colorScheme: "dark", viewport: PHONE },
] as const;

/**
 * Every page: axe finds nothing, nothing sticks out to the right, the console is silent; and a screenshot of it. Narrow
 * pages have the elements and colours of the wide ones, where axe has seen them.
 */
export function accessibilitySuite(browser: () => Browser): void {
  describe.each(LOOKS)("in the look $name", ({ name: look, colorScheme, viewport }) => {
    test("is accessible, and fits", { timeout: 240_000 }, async () => {
      const scene = await setScene(browser(), { colorScheme, viewport });
      try {
        for (const stop of EMPTY_STOPS) await visit(scene.page, stop, look, viewport === DESKTOP);
        for (const stop of await prepareTour(scene))
          await visit(scene.page, stop, look, viewport === DESKTOP);
        // The page that is not there is the browser's to complain about.
        expect(scene.complaints.filter((text) => !text.includes("404"))).toEqual([]);
      } finally {
        await scene.close();
      }
    });
  });
}

async function visit(page: Page, { name, path }: Stop, look: string, withAxe: boolean): Promise<void> {
  await page.goto(path);
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.${look}.png`), fullPage: true });
  const width = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect.soft(width, `${name} in ${look} sticks out to the right`).toBeLessThanOrEqual(0);
  if (!withAxe) return;
  // Evaluated by the debugger, which the content security policy does not bind.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as Axe).axe.run(document, { resultTypes: ["violations"] }),
  );
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  expect.soft(found, `${name} in ${look}`).toEqual([]);
}
