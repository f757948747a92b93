/**
 * What may be wrong with a delivery or with the secret that it is checked with. The list is closed; the words that
 * come with a code may change.
 */
export type FindingCode =
  | "missing_header"
  | "mixed_headers"
  | "repeated_header"
  | "malformed_header"
  | "timestamp_in_milliseconds"
  | "timestamp_malformed"
  | "clock_skew"
  | "secret_missing"
  | "secret_whitespace"
  | "secret_quoted"
  | "secret_wrong_prefix"
  | "secret_malformed"
  | "secret_of_other_endpoint"
  | "signature_asymmetric"
  | "signature_hex"
  | "signature_base64url"
  | "signature_malformed"
  | "signature_mismatch"
  | "body_parsed"
  | "body_empty"
  | "body_compressed"
  | "body_reserialised"
  | "body_order_mark"
  | "body_line_endings"
  | "body_trailing_newline"
  | "body_charset"
  | "body_not_json";

/** One thing that is wrong, in words for the developer. */
export interface Finding {
  readonly code: FindingCode;
  /** What was found. Holds no secret and no signature. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}
