/** A fetch handler fits what these frameworks and runtimes want, by their own types. */
import { createFetchHandler } from "@diffio-webhooks/core/fetch";
import type { RequestHandler } from "@sveltejs/kit";
import { waitUntil } from "@vercel/functions";
import type { APIRoute } from "astro";
import type { NextRequest } from "next/server";
import { after } from "next/server";

const handler = createFetchHandler({
  on: { "generation.completed": (event) => event.generationId.length },
});

/** Next.js: as its own check of a route has it. */
export const POST: (
  request: NextRequest,
  context: { params: Promise<Record<string, string>> },
) => Response | Promise<Response> = handler;

export const afterReply = createFetchHandler({ waitUntil: (runs) => after(runs) });
export const onVercel = createFetchHandler({ waitUntil });

/** Astro and SvelteKit pass one object. */
export const astro: APIRoute = ({ request }) => handler(request);
export const svelteKit: RequestHandler = ({ request, platform }) => handler(request, platform);
