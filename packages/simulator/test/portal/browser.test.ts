import type { Browser } from "playwright-core";
import { afterAll, describe, test, vi } from "vitest";
import { accessibilitySuite } from "./accessibility.ts";
import { journeySuite } from "./journey.ts";
import { newcomerSuite } from "./newcomer.ts";
import { startChromium } from "./support/chromium.ts";

// One file, so that there is one browser.
const started = await startChromium();

if ("reason" in started) {
  const message = `NOT RUN: Chromium, for the portal's tests, cannot run on this machine: ${started.reason}`;
  console.warn(message);
  test(message, ({ skip }) => skip(started.reason));
} else {
  const { browser } = started;
  const get = (): Browser => browser;
  afterAll(() => browser.close());
  // Chromium is slow on a machine with other things to do.
  vi.setConfig({ testTimeout: 120_000 });
  describe("a developer's way through the portal, in Chromium", () => {
    journeySuite(get);
  });
  describe("a newcomer's first hour, in Chromium", () => {
    newcomerSuite(get);
  });
  describe("every page, in Chromium", () => {
    accessibilitySuite(get);
  });
}
