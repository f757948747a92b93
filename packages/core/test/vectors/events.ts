/** The payload on the vendor's page on its webhooks, character by character. */
export const VENDOR_PAYLOAD =
  '{ "eventType": "generation.completed", "eventId": "evt_123", "createdAt": "2026-01-28T12:34:56Z", ' +
  '"apiKeyId": "key_123", "apiProjectId": "proj_123", "generationId": "gen_123", "status": "complete", ' +
  '"hasVideo": false, "modelKey": "diffio-2", "error": null, "errorDetails": null}';

export const REQUIRED_FIELDS = ["eventId", "createdAt", "apiKeyId", "generationId", "status"] as const;
export const NULLABLE_FIELDS = ["apiProjectId", "hasVideo", "modelKey", "error", "errorDetails"] as const;

/** Event types and keys that a look-up by name could take for something of JavaScript's own. */
export const PROTOTYPE_NAMES = [
  "constructor",
  "__proto__",
  "prototype",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "then",
  "length",
] as const;

/** Byte sequences that are not UTF-8. */
export const INVALID_UTF8: readonly (readonly [name: string, bytes: readonly number[]])[] = [
  ["a byte that never occurs", [0xff]],
  ["a continuation byte alone", [0x80]],
  ["a sequence cut short", [0xe2, 0x82]],
  ["an overlong slash", [0xc0, 0xaf]],
  ["a surrogate", [0xed, 0xa0, 0x80]],
  ["a code point too high", [0xf4, 0x90, 0x80, 0x80]],
];
