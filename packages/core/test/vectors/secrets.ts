const BYTES = Uint8Array.from({ length: 100 }, (_, index) => (index * 37 + 11) % 256);

/** `whsec_` and so many bytes. */
export function secretOfBytes(length: number): string {
  return `whsec_${Buffer.from(BYTES.subarray(0, length)).toString("base64")}`;
}

const GOOD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BASE64 = GOOD.slice("whsec_".length);

/** Secrets that must never sign anything, with what the hint must speak of. */
export const BAD_SECRETS: readonly (readonly [name: string, secret: unknown, hint?: RegExp])[] = [
  ["empty", ""],
  ["blank", "   "],
  ["a newline alone", "\n"],
  ["whsec_ alone", "whsec_"],
  ["whsec_ twice", `whsec_${GOOD}`],
  ["one byte", secretOfBytes(1)],
  ["23 bytes", secretOfBytes(23)],
  ["76 bytes", secretOfBytes(76)],
  ["100 bytes", secretOfBytes(100)],
  ["a word", "whsec_not-a-secret!"],
  ["padding alone", "whsec_===="],
  ["padding in the middle", `whsec_${BASE64.slice(0, 14)}==${BASE64.slice(16)}`],
  ["characters beyond ASCII", `whsec_${BASE64.slice(0, -1)}é`],
  ["URL-safe base64", `whsec_${BASE64.slice(0, 30)}-_`, /URL-safe/],
  ["changed trailing bits", `${secretOfBytes(25).slice(0, -3)}B==`, /missing or changed/],
  ["missing padding", secretOfBytes(25).replace(/=+$/, ""), /padding/],
  ["half its padding", secretOfBytes(25).slice(0, -1), /padding/],
  ["needless padding", `${GOOD}=`, /padding/],
  ["one character cut off", GOOD.slice(0, -1), /missing/],
  ["a space before it", ` ${GOOD}`, /before and after/],
  ["a space after it", `${GOOD} `, /before and after/],
  ["a newline after it", `${GOOD}\n`, /before and after/],
  ["a carriage return and newline after it", `${GOOD}\r\n`, /before and after/],
  ["a space after the prefix", `whsec_ ${BASE64}`, /whitespace/i],
  ["a space within", `whsec_${BASE64.slice(0, 10)} ${BASE64.slice(10)}`, /whitespace/i],
  ["a newline within", `whsec_${BASE64.slice(0, 10)}\n${BASE64.slice(10)}`, /whitespace/i],
  ["double quotes around it", `"${GOOD}"`, /quotation/],
  ["single quotes around it", `'${GOOD}'`, /quotation/],
  ["backticks around it", `\`${GOOD}\``, /quotation/],
  ["a public asymmetric key", `whpk_${BASE64}`, /symmetric/],
  ["a private asymmetric key", `whsk_${Buffer.from(BYTES.subarray(0, 64)).toString("base64")}`, /symmetric/],
  ["null", null],
  ["a number", 42],
  ["a boolean", true],
  ["a symbol", Symbol("whsec_")],
  ["bytes", BYTES.subarray(0, 24)],
  ["an empty list", []],
  ["an empty record", {}],
  ["a list with an empty secret", [GOOD, ""]],
  ["a list with undefined", [GOOD, undefined]],
  ["a list in a list", [[GOOD]]],
  ["a record with an empty secret", { one: GOOD, two: "" }],
  ["a record with undefined", { one: GOOD, two: undefined }],
  ["a record with an empty list", { one: GOOD, two: [] }],
  ["a record of records", { one: { two: GOOD } }],
];
