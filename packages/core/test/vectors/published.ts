/** Signed messages that others have published; the facts only. */
export interface PublishedMessage {
  readonly source: string;
  readonly secret: string;
  readonly id: string;
  readonly timestamp: number;
  readonly body: string;
  readonly signature: string;
}

const DOCUMENTED = {
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: 1_614_265_330,
};

export const PUBLISHED: readonly PublishedMessage[] = [
  {
    source: "Svix docs and the tests of most Svix and Standard Webhooks libraries",
    ...DOCUMENTED,
    body: '{"test": 2432232314}',
    signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  },
  {
    source: "svix/svix-webhooks, rust/src/webhooks.rs",
    secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
    timestamp: 1_649_367_553,
    body: '{"email":"test@example.com","username":"test_user"}',
    signature: "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
  },
  {
    source: "svix/svix-webhooks, csharp/Svix.Tests/WebhookTest.cs, 256 KiB less one byte",
    ...DOCUMENTED,
    body: "a".repeat(256 * 1024 - 1),
    signature: "v1,NTItnqyWMoFhk2Bbe5V/BMdcFRWgcSQaTgqLHX7FC7c=",
  },
  {
    source: "svix/svix-webhooks, csharp/Svix.Tests/WebhookTest.cs, 256 KiB",
    ...DOCUMENTED,
    body: "a".repeat(256 * 1024),
    signature: "v1,Mw4Pe2WgApuT7NSqnSq0PQPV9gbLdggCl9B865x5Xh0=",
  },
  {
    source: "svix/svix-webhooks, csharp/Svix.Tests/WebhookTest.cs, 1 MiB",
    ...DOCUMENTED,
    body: "a".repeat(1024 * 1024),
    signature: "v1,txpEUxqWZJ5nteTnymUVa+7C4NHpBeXJ6CsBAW0c3/A=",
  },
];

/** A published asymmetric (ed25519) signature of the first message: svix/svix-webhooks, server/svix-server/src/worker.rs. */
export const PUBLISHED_V1A =
  "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

/** The public key that verifies it. */
export const PUBLISHED_PUBLIC_KEY = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
