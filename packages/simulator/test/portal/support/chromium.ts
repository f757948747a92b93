import { tmpdir } from "node:os";
import { type Browser, chromium } from "playwright-core";

/** Chromium; or why it cannot run on this machine. */
export type Started = { readonly browser: Browser } | { readonly reason: string };

/**
 * Starts the Chromium that comes from the npm registry. With the runtime's name set, the package brings the libraries
 * and fonts that a bare machine does not have.
 *
 * @throws the reason where it cannot run and `REQUIRE_CHROMIUM=1` says that it must
 */
export async function startChromium(): Promise<Started> {
  process.env["AWS_LAMBDA_JS_RUNTIME"] ??= "nodejs22.x";
  try {
    const { default: packaged } = await import("@sparticuz/chromium");
    const browser = await chromium.launch({
      executablePath: await packaged.executablePath(),
      // Root has no sandbox. The package's own arguments would also turn off the web's security, which is under test.
      args: ["--no-sandbox", "--no-zygote", "--disable-gpu"],
      env: { ...process.env, HOME: tmpdir() },
    });
    return { browser };
  } catch (error) {
    if (process.env["REQUIRE_CHROMIUM"] === "1") throw error;
    return { reason: (error as Error).message.split("\n").slice(0, 3).join(" ") };
  }
}
