/** Everything that is timed on the same messages, in the order in which reports show it. */
export const CONTESTANTS = {
  "ours-verify": "ours: verify",
  "ours-event": "ours: verify + parse + validate",
  svix: "svix: verify",
  "svix-parse": "svix: verify, then JSON.parse",
  "standardwebhooks-verify": "standardwebhooks: verify, without its JSON.parse",
  standardwebhooks: "standardwebhooks: verify (parses)",
  stripe: "stripe: constructEvent (parses)",
  octokit: "@octokit/webhooks-methods: verify",
  clerk: "@clerk/backend: verifyWebhook (makes the Request, parses)",
  floor: "floor: two crypto.hash and the copy that an HMAC takes, then JSON.parse",
  hash: "floor: one crypto.hash of the body",
  json: "floor: JSON.parse of the body",
} as const;

/** Names a contestant in plans and results. */
export type ContestantId = keyof typeof CONTESTANTS;

/** All of them, in order. */
export const CONTESTANT_IDS = Object.keys(CONTESTANTS) as ContestantId[];
