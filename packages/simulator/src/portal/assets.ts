import { readFileSync } from "node:fs";
import { Hono } from "hono";
import type { AppEnv } from "../lib/http/app.ts";

/** The portal's files, by name, with their types. */
const TYPES = {
  "portal.css": "text/css; charset=utf-8",
  "portal.js": "text/javascript; charset=utf-8",
  "icon.svg": "image/svg+xml",
} as const;

/** Serves the stylesheet, the script and the icon, from the package's `assets` folder. */
export function createAssets(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  for (const [name, type] of Object.entries(TYPES)) {
    // As far from src/portal as from dist/portal.
    const file = new URL(`../../assets/${name}`, import.meta.url);
    app.get(`/${name}`, (c) =>
      // Read at each request: a change shows at the next reload.
      c.body(readFileSync(file), 200, { "content-type": type, "cache-control": "no-cache" }),
    );
  }
  return app;
}
