import { lookup } from "node:dns/promises";
import { connect } from "node:net";
import type { Check } from "./check.ts";
import { describeNetworkError } from "./post.ts";

const CONNECT_TIMEOUT_MS = 5000;
const LISTEN_ON_BOTH = "Either let the service listen there too, or take the address out of the DNS.";

/** Whether the name resolves, and whether somebody listens at its addresses. */
export async function* checkConnections(url: URL): AsyncGenerator<Check> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  let addresses: readonly { address: string; family: number }[];
  try {
    addresses = await lookup(host, { all: true, order: "verbatim" });
  } catch (error) {
    const hint = "Check the spelling, and the DNS records of the domain.";
    yield { check: "resolves", status: "failed", detail: `${host}: ${describeNetworkError(error)}`, hint };
    return;
  }
  const list = addresses.map(({ address }) => address);
  yield { check: "resolves", status: "ok", detail: `${host}: ${list.join(", ")}` };
  const checks = await Promise.all([4, 6].map((family) => checkFamily(family, addresses, port)));
  const connected = checks.some(({ status }) => status === "ok");
  for (const check of checks) {
    // One family is enough for most senders, but those that prefer the other are kept waiting.
    if (check.status === "failed" && connected) yield { ...check, status: "warning", hint: LISTEN_ON_BOTH };
    else yield check;
  }
}

async function checkFamily(
  family: number,
  addresses: readonly { address: string; family: number }[],
  port: number,
): Promise<Check> {
  const check = `connects over IPv${family}`;
  const own = addresses.filter((one) => one.family === family);
  if (own.length === 0) return { check, status: "skipped", detail: "the name has no such address" };
  const failures = (await Promise.all(own.map(({ address }) => tryConnecting(address, port)))).filter(
    (failure) => failure !== undefined,
  );
  const [first] = failures;
  if (first === undefined) return { check, status: "ok", detail: `port ${port}` };
  const hint = "Does the service run, and does it listen on this port and on this address?";
  return { check, status: "failed", detail: first, hint };
}

/** What went wrong, if anything did. */
function tryConnecting(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: CONNECT_TIMEOUT_MS });
    const end = (failure?: string): void => {
      socket.destroy();
      resolve(failure === undefined ? undefined : `${address}, port ${port}: ${failure}`);
    };
    socket.once("connect", () => end());
    socket.once("timeout", () => end("the connection timed out: a firewall may drop it"));
    socket.once("error", (error) => end(describeNetworkError(error)));
  });
}
