import { diffioWebhooks } from "@diffio-webhooks/express";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import type { Browser } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { type Scene, setScene } from "./support/scene.ts";

/** The first hour of somebody whose Express app parses JSON before the webhook route. */
export function newcomerSuite(browser: () => Browser): void {
  let scene: Scene;
  let server: Server | undefined;
  afterEach(async () => {
    server?.closeAllConnections();
    server?.close();
    await scene.close();
  });

  test("an app that mounted express.json() first: fails, is explained, is mended, passes", async () => {
    scene = await setScene(browser());
    const { page, simulator } = scene;
    let signingSecret = "";
    const completed: string[] = [];
    const webhooks = diffioWebhooks({
      signingSecret: () => signingSecret,
      on: { "generation.completed": ({ generationId }) => void completed.push(generationId) },
      onRejected: () => {},
    });
    const port = await listen(express().use(express.json()).post("/webhooks/diffio", webhooks), 0);

    // Step by step, as the overview tells.
    await page.getByRole("link", { name: "Add an endpoint" }).first().click();
    await page.getByLabel("URL", { exact: true }).fill(`http://127.0.0.1:${port}/webhooks/diffio`);
    await page.getByRole("button", { name: "Add endpoint" }).click();
    signingSecret = (await page.locator("#signing-secret").textContent()) ?? "";
    await page.getByRole("link", { name: "Send event" }).last().click();
    await page.getByRole("button", { name: "Send event" }).click();

    await page.getByText("500 Internal Server Error").first().waitFor();
    await page.getByText("body_already_parsed").waitFor();
    await page.getByText("Mount the webhook route before express.json()").waitFor();
    await page.screenshot({
      path: `${import.meta.dirname}/../../screenshots/newcomer.light.png`,
      fullPage: true,
    });
    expect(completed).toEqual([]);

    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
    await listen(express().post("/webhooks/diffio", webhooks).use(express.json()), port);
    await page.getByRole("button", { name: "Resend" }).click();
    await page.getByText("Resent: it passed").waitFor();
    await page.getByText("200 OK").waitFor();
    await webhooks.receiver.idle();
    const [message] = await simulator.messages.list();
    expect(completed).toEqual([message?.payload["generationId"]]);
  });

  async function listen(app: express.Express, port: number): Promise<number> {
    const listening = app.listen(port, "127.0.0.1");
    server = listening;
    await new Promise((resolve) => {
      listening.once("listening", resolve);
    });
    return (listening.address() as AddressInfo).port;
  }
}
