import type { Browser, Page } from "playwright-core";
import { afterEach, describe, expect, test } from "vitest";
import { type Scene, setScene } from "./support/scene.ts";

/** What a developer does in the portal, from the first endpoint to a recovery. */
export function journeySuite(browser: () => Browser): void {
  let scene: Scene;
  afterEach(() => scene.close());

  test("by mouse: add, send, see it arrive, resend, let it fail and retry, disable, recover", async () => {
    scene = await setScene(browser());
    await travel(scene, async (page, role, name) => page.getByRole(role, { name, exact: true }).click());
    expect(scene.complaints).toEqual([]);
  });

  test("by keyboard: the same", async () => {
    scene = await setScene(browser());
    await travel(scene, pressByKeyboard);
    expect(scene.complaints).toEqual([]);
  });

  test("the first Tab leads past the navigation, wherever one is", async () => {
    scene = await setScene(browser(), { viewport: { width: 390, height: 844 } });
    const { page } = scene;
    await page.goto("/clock");
    const link = page.getByRole("navigation").getByRole("link", { name: "Clock" });
    // The navigation is wider than the screen; the page that one is on can be seen in it all the same.
    expect((await link.boundingBox())?.x).toBeLessThan(390 - 40);
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.closest("main")?.id)).toBe("main");
  });

  describe("a page that is open", () => {
    test("shows what others do without a reload, and says it to screen readers", async () => {
      scene = await setScene(browser());
      const { page, simulator, receiver } = scene;
      await simulator.endpoints.create({ url: receiver.url });
      await page.goto("/messages");
      await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
      receiver.status = 500;
      const { svixMessageId } = await simulator.sendTestEvent({ eventType: "generation.queued" });

      const row = page.locator(`#${svixMessageId}`);
      await row.getByText("Retrying").waitFor();
      await page
        .locator("#announcer", { hasText: "generation.queued: Retrying" })
        .waitFor({ state: "attached" });
      await row.getByText("in 5 s").waitFor();
      receiver.status = 200;
      await simulator.clock.advance(5);
      await row.getByText("Succeeded").waitFor();
      expect(await page.evaluate(() => Reflect.get(globalThis, "isSamePage"))).toBe(true);
    });

    test("keeps focus, what was typed and what was opened", async () => {
      scene = await setScene(browser());
      const { page, simulator, receiver } = scene;
      await simulator.endpoints.create({ url: receiver.url });
      await page.goto("/send");
      await page.getByText("Mode, and fields of your own").click();
      await page.getByLabel("Fields", { exact: true }).fill('{ "half": ');
      await simulator.endpoints.create({ url: "http://localhost:9/another" });
      await page.getByText("http://localhost:9/another").waitFor();

      expect(await page.getByLabel("Fields", { exact: true }).inputValue()).toBe('{ "half": ');
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("fields");
      await page.keyboard.type("1 }");
      await page.getByRole("button", { name: "Send event" }).click();
      await page.waitForURL("**/messages/msg_*");
      expect((await simulator.messages.list())[0]?.payload["half"]).toBe(1);
    });

    test("says when the simulator has gone", async () => {
      scene = await setScene(browser());
      await scene.page.locator("#live", { hasText: "Live" }).waitFor();
      await scene.simulator.close();
      await scene.page.locator("#live", { hasText: "Not connected" }).waitFor();
    });
  });

  test("what is copied", async () => {
    scene = await setScene(browser());
    const { page, simulator, receiver } = scene;
    const endpoint = await simulator.endpoints.create({ url: receiver.url });
    const { svixMessageId } = await simulator.sendTestEvent({ eventType: "generation.completed" });
    const copied = (): Promise<string> => page.evaluate(() => navigator.clipboard.readText());
    // Brought up to date once it is connected: that may take the label back at once.
    const live = page.locator("#live", { hasText: "Live" });
    await page.goto(`/endpoints/${endpoint.id}?reveal=secret`);
    await live.waitFor();
    await page.getByRole("button", { name: "Copy the signing secret" }).click();
    await page.getByText("Copied").first().waitFor();
    expect(await copied()).toBe(endpoint.signingSecret);

    await page.goto(`/messages/${svixMessageId}`);
    await live.waitFor();
    await page.getByRole("link", { name: "Copy as cURL" }).click();
    await page.getByText("Copied").first().waitFor();
    expect(await copied()).toContain(`svix-id: ${svixMessageId}`);
  });

  test("without script, forms and pages work", async () => {
    scene = await setScene(browser(), { javaScriptEnabled: false });
    const { page, receiver } = scene;
    await page.getByRole("link", { name: "Add endpoint" }).first().click();
    await page.getByLabel("URL", { exact: true }).fill(receiver.url);
    await page.getByRole("button", { name: "Add endpoint" }).click();
    await page.getByText("The endpoint is there").waitFor();
    await page.getByRole("link", { name: "Send event" }).last().click();
    await page.getByRole("button", { name: "Send event" }).click();
    await page.getByText("Attempt 1 of 8", { exact: true }).waitFor();
    await page.getByText("200 OK").waitFor();
    expect(await page.getByRole("button", { name: "Copy the message id" }).count()).toBe(0);
  });
}

type Press = (page: Page, role: "link" | "button", name: string) => Promise<void>;

async function travel({ page, simulator, receiver }: Scene, press: Press): Promise<void> {
  await press(page, "link", "Endpoints");
  await press(page, "link", "Add your first endpoint");
  await page.getByLabel("URL", { exact: true }).focus();
  await page.keyboard.type(receiver.url);
  await press(page, "button", "Add endpoint");
  await page.getByText("The endpoint is there").waitFor();
  const [endpoint] = await simulator.endpoints.list();
  expect(endpoint?.url).toBe(receiver.url);

  // One that arrives while the list is open, then one by the form.
  await press(page, "link", "Messages");
  await page.getByText("No messages yet").waitFor();
  await simulator.sendTestEvent({ eventType: "generation.queued" });
  await page.getByRole("link", { name: "generation.queued" }).waitFor();
  await press(page, "link", "generation.queued");
  await page.getByText("Attempt 1 of 8", { exact: true }).waitFor();
  await press(page, "button", "Resend");
  await page.getByText("Resent: it passed").waitFor();
  await page.getByText("2 attempts, 1 by hand").waitFor();
  expect(new Set(receiver.received).size).toBe(1);
  expect(receiver.received.length).toBe(2);

  receiver.status = 500;
  await page.goto("/send");
  await press(page, "button", "Send event");
  await page.getByText("500 Internal Server Error").first().waitFor();
  await page.getByText("Attempt 2 of 8: in 5 s").waitFor();
  await press(page, "button", "Advance the clock to it");
  await page.getByText("Attempt 3 of 8: in 5 min").waitFor();
  await press(page, "link", "Clock");
  await press(page, "button", "+ 1 d");
  await press(page, "button", "+ 10 h");
  await press(page, "link", "Messages");
  const [failed] = await simulator.messages.list();
  expect(failed?.attempts.length).toBe(8);
  await page.locator(`#${failed?.id}`).getByText("Failed").waitFor();

  await page.goto(`/endpoints/${endpoint?.id}/options`);
  await press(page, "button", "Disable");
  await page.getByText("You have disabled this endpoint").waitFor();
  await press(page, "button", "Enable");
  await page.getByText("It gets new messages.").waitFor();
  receiver.status = 200;
  // The message is older than the day that the form proposes.
  await page.getByLabel("Since").fill("");
  await page.getByLabel("Since").fill(localTime(simulator.clock.now().getTime() - 10 * 24 * 3600 * 1000));
  await press(page, "button", "Recover failed messages");
  await page.getByText("Recovery: 1 of 1 message succeeded").waitFor();
  expect((await simulator.messages.get(failed?.id ?? "")).destinations[0]?.state).toBe("succeeded");
}

/** Goes on from where the focus is by Tab until the control has it, then presses Enter. */
async function pressByKeyboard(page: Page, role: "link" | "button", name: string): Promise<void> {
  const control = page.getByRole(role, { name, exact: true });
  await control.waitFor();
  for (let presses = 0; presses < 80; presses++) {
    if (await control.evaluate((element) => element === document.activeElement)) {
      await page.keyboard.press("Enter");
      return;
    }
    await page.keyboard.press("Tab");
  }
  throw new Error(`80 presses of Tab do not lead to the ${role} ${name}`);
}

/** What a datetime-local field takes. */
function localTime(time: number): string {
  const date = new Date(time - new Date(time).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19);
}
