import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type Simulator, type SimulatorOptions, startSimulator } from "../../../src/index.ts";

/** A simulator, a receiver that answers as it is told, and a browser's page. */
export interface Scene {
  readonly simulator: Simulator;
  readonly receiver: Receiver;
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page's console and its content security policy complained about. */
  readonly complaints: string[];
  close(): Promise<void>;
}

/** A server in place of a user's app. */
export interface Receiver {
  readonly url: string;
  /** The status of its replies. */
  status: number;
  /** Message ids, in the order of their arrival. */
  readonly received: string[];
  close(): Promise<void>;
}

/** How a scene differs from the usual: a clock by hand, no jitter, light, desktop. */
export interface SceneOptions {
  readonly simulator?: SimulatorOptions;
  readonly colorScheme?: "light" | "dark";
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly javaScriptEnabled?: boolean;
}

/** Sets up a scene, with the browser at the overview. */
export async function setScene(browser: Browser, options: SceneOptions = {}): Promise<Scene> {
  const simulator = await startSimulator({ clock: "manual", jitter: 0, ...options.simulator });
  const receiver = await startReceiver();
  const context = await browser.newContext({
    baseURL: simulator.url,
    colorScheme: options.colorScheme ?? "light",
    viewport: options.viewport ?? { width: 1280, height: 860 },
    javaScriptEnabled: options.javaScriptEnabled ?? true,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto("/");
  return {
    simulator,
    receiver,
    context,
    page,
    complaints,
    async close() {
      await context.close();
      await simulator.close();
      await receiver.close();
    },
  };
}

/** Starts a server that answers each delivery with its `status`. */
export async function startReceiver(): Promise<Receiver> {
  const received: string[] = [];
  const server: Server = createServer((request, response) => {
    received.push(String(request.headers["svix-id"]));
    request.resume().on("end", () => response.writeHead(receiver.status).end());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/diffio`,
    status: 200,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}
