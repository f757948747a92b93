/** What can be done wrong on purpose, and what a receiver sees of it. */
export const FAULTS = {
  "bad-signature": "signed with a secret that is not the endpoint's",
  "tampered-body": "a field of the body changed after it was signed",
  "old-timestamp": "signed an hour ago, rightly",
  "future-timestamp": "signed an hour ahead, rightly",
  "missing-header": "no svix-signature",
  duplicate: "sent twice at the same moment",
  reordered: "held back until a later message has overtaken it, or for 5 seconds of the simulated clock",
  slow: "the body comes in small pieces, over two seconds",
  cut: "the connection ends in the middle of the body",
  huge: "a body of 2 MiB, rightly signed",
  gzip: "compressed, with content-encoding: gzip",
} as const;

/** The name of a fault. */
export type Fault = keyof typeof FAULTS;

/** Whether there is a fault of that name. */
export function isFault(name: unknown): name is Fault {
  return typeof name === "string" && Object.hasOwn(FAULTS, name);
}
