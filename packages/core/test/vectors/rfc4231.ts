/** RFC 4231, section 4: the HMAC-SHA256 of its seven test cases. */
export interface HmacCase {
  readonly name: string;
  readonly keyHex: string;
  readonly dataHex: string;
  /** Case 5 gives the first 128 bits only. */
  readonly digestHex: string;
}

const ascii = (text: string): string => Buffer.from(text, "ascii").toString("hex");

export const RFC_4231: readonly HmacCase[] = [
  {
    name: "1: a key of 20 bytes",
    keyHex: "0b".repeat(20),
    dataHex: ascii("Hi There"),
    digestHex: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  },
  {
    name: "2: a key shorter than the digest",
    keyHex: ascii("Jefe"),
    dataHex: ascii("what do ya want for nothing?"),
    digestHex: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  },
  {
    name: "3: key and data together longer than a block",
    keyHex: "aa".repeat(20),
    dataHex: "dd".repeat(50),
    digestHex: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  },
  {
    name: "4: the same with a key of 25 bytes",
    keyHex: "0102030405060708090a0b0c0d0e0f10111213141516171819",
    dataHex: "cd".repeat(50),
    digestHex: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
  },
  {
    name: "5: truncated to 128 bits",
    keyHex: "0c".repeat(20),
    dataHex: ascii("Test With Truncation"),
    digestHex: "a3b6167473100ee06e0c796c2955552b",
  },
  {
    name: "6: a key longer than a block",
    keyHex: "aa".repeat(131),
    dataHex: ascii("Test Using Larger Than Block-Size Key - Hash Key First"),
    digestHex: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  },
  {
    name: "7: key and data longer than a block",
    keyHex: "aa".repeat(131),
    dataHex: ascii(
      "This is a test using a larger than block-size key and a larger than block-size data. " +
        "The key needs to be hashed before being used by the HMAC algorithm.",
    ),
    digestHex: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
  },
];
