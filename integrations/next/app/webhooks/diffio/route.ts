import { createFetchHandler } from "@diffio-webhooks/core/fetch";
import { after } from "next/server";

export const POST = createFetchHandler({
  on: {
    "generation.completed": (event) => console.log(`completed ${event.generationId}`),
  },
  waitUntil: (runs) => after(runs),
});
