import cookie from "@fastify/cookie";
import csrfProtection from "@fastify/csrf-protection";
import { diffioWebhooks } from "@diffio-webhooks/fastify";
import fastify from "fastify";

const app = fastify();

// Outside the scope with the CSRF hook: the sender has no token. Its signature is the proof, and no other site
// can make one.
await app.register(diffioWebhooks, {
  path: "/webhooks/diffio",
  on: { "generation.completed": ({ generationId }) => console.log(`completed ${generationId}`) },
});

await app.register(cookie);
await app.register(csrfProtection);

app.get("/csrf-token", (_request, reply) => ({ token: reply.generateCsrf() }));

await app.register(async (site) => {
  site.addHook("onRequest", (request, reply, done) => site.csrfProtection(request, reply, done));
  site.post<{ Body: { name: string } }>("/profile", (request) => ({ name: request.body.name }));
});

console.log(`Listening at ${await app.listen({ port: Number(process.env["PORT"] ?? 3000) })}`);
