/** Tokens that are no `v1` signature, each made of the right one: passed over, and refused alone. */
export function malformedTokens(signature: string): readonly (readonly [name: string, token: string])[] {
  const base64 = signature.slice("v1,".length);
  return [
    ["a version to come", `v2,${base64}`],
    ["a version with a zero", `v01,${base64}`],
    ["an upper-case version", `V1,${base64}`],
    ["the asymmetric version", `v1a,${base64}`],
    ["no version", base64],
    ["an empty version", `,${base64}`],
    ["the version alone", "v1"],
    ["the version and a comma", "v1,"],
    ["a colon", `v1:${base64}`],
    ["an equals sign", `v1=${base64}`],
    ["a second version", `v1,v1,${base64}`],
    ["no padding", `v1,${base64.slice(0, -1)}`],
    ["too much padding", `v1,${base64}=`],
    ["a character too few", `v1,${base64.slice(1)}`],
    ["a character too many", `v1,A${base64}`],
    ["four characters more", `v1,${base64}AAAA`],
    ["URL-safe base64", `v1,${"-_".repeat(21)}A=`],
    ["hexadecimal", `v1,${Buffer.from(base64, "base64").toString("hex")}`],
    ["a tab before it", `\tv1,${base64}`],
    ["a newline after it", `v1,${base64}\n`],
    ["a NUL after it", `v1,${base64}\0`],
  ];
}

/** Other base64 texts that decode to the same 32 bytes: the last digit carries two bits that count for nothing. */
export function nonCanonicalVariants(signature: string): readonly string[] {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const last = digits.indexOf(signature.charAt(signature.length - 2));
  return [1, 2, 3].map((bits) => `${signature.slice(0, -2)}${digits.charAt((last & ~3) | bits)}=`);
}
