/** A receiver as it is often written: what the campaign must find is wrong with it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const server = createServer((req, res) => {
  if (req.method === "GET") {
    res.end('{"secretCalls":0}');
    return;
  }
  const age = Date.now() / 1000 - Number(req.headers["svix-timestamp"]);
  if (age > 300) {
    // The rest of the body is left to the server, which reads it without end.
    res.writeHead(400).end('{"error":"timestamp_too_old"}');
    return;
  }
  const chunks: Buffer[] = [];
  req.on("data", (chunk: Buffer) => chunks.push(chunk));
  req.on("end", () => {
    const isEvent = Buffer.concat(chunks).includes("eventType");
    res.writeHead(isEvent ? 200 : 400).end("{}");
  });
});
server.listen(0, "127.0.0.1", () => {
  console.log(`listening on port ${(server.address() as AddressInfo).port}`);
});
