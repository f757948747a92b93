/** Payloads in the shapes that these senders document: their fields, with made-up people. */

/** Clerk, user.created. */
export const CLERK_USER_CREATED = {
  type: "user.created",
  object: "event",
  timestamp: 1_654_012_591_835,
  instance_id: "ins_123",
  data: {
    id: "user_29w83sxmDNGwOuEthce5gg56FcC",
    object: "user",
    email_addresses: [{ id: "idn_29w83yL7CwVlJXylYLxcslromF1", email_address: "somebody@example.org" }],
    primary_email_address_id: "idn_29w83yL7CwVlJXylYLxcslromF1",
  },
};

/** Resend, email.bounced. */
export const RESEND_EMAIL_BOUNCED = {
  type: "email.bounced",
  created_at: "2026-01-28T12:34:56.000Z",
  data: {
    email_id: "56761188-7520-42d8-8898-ff6fc54ce618",
    from: "Acme <onboarding@example.com>",
    to: ["delivered@example.org"],
    subject: "Sending this example",
    bounce: { message: "The mailbox is unknown.", type: "Permanent", subType: "General" },
  },
};

/** OpenAI, response.completed; with webhook-* headers. */
export const OPENAI_RESPONSE_COMPLETED = {
  object: "event",
  id: "evt_685343a1381c819085d44c354e1b330e",
  type: "response.completed",
  created_at: 1_750_287_018,
  data: { id: "resp_abc123" },
};
