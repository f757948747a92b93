import type { Browser } from "playwright-core";
import { afterAll, describe, test } from "vitest";
import { accessibilitySuite } from "./accessibility.ts";
import { journeySuite } from "./journey.ts";
import { newcomerSuite } from "./newcomer.ts";
import { startChromium } from "./support/chromium.ts";

// One file, so that there is one browser.
const started = await startChromium();

if ("reason" in started) {
  test.skip(`The portal in Chromium: NOT RUN, Chromium cannot run on this machine: ${started.reason}`);
  console.warn(`The portal's tests in Chromium were not run: ${started.reason}`);
} else {
  const { browser } = started;
  afterAll(() => browser.close());
  describe("the portal in Chromium", () => {
    const get = (): Browser => browser;
    describe("a developer's way through it", () => journeySuite(get));
    describe("a newcomer's first hour", () => newcomerSuite(get));
    describe("every page", () => accessibilitySuite(get));
  });
}
