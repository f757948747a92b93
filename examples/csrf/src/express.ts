import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { diffioWebhooks } from "@diffio-webhooks/express";
import cookieParser from "cookie-parser";
import { doubleCsrf } from "csrf-csrf";
import express from "express";

const csrfSecret = randomBytes(32).toString("hex");
const { doubleCsrfProtection, generateCsrfToken } = doubleCsrf({
  getSecret: () => csrfSecret,
  getSessionIdentifier: (req) => req.cookies.session,
});

const app = express();

// Before the CSRF protection: the sender has no token. Its signature is the proof, and no other site can make one.
app.post(
  "/webhooks/diffio",
  diffioWebhooks({
    on: { "generation.completed": ({ generationId }) => console.log(`completed ${generationId}`) },
  }),
);

app.use(express.json(), cookieParser(), (req, res, next) => {
  // In place of your own session.
  if (!req.cookies.session) {
    req.cookies.session = randomUUID();
    res.cookie("session", req.cookies.session, { httpOnly: true, sameSite: "lax" });
  }
  next();
});
app.use(doubleCsrfProtection);
app.get("/csrf-token", (req, res) => {
  res.json({ token: generateCsrfToken(req, res) });
});
app.post("/profile", (req, res) => {
  res.json({ name: req.body.name });
});

const server = app.listen(process.env["PORT"] ?? 3000);
await once(server, "listening");
const address = server.address();
const port = typeof address === "object" ? address?.port : address;
console.log(`Listening at http://localhost:${port}`);
