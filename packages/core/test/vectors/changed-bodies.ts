import { sampleEvent } from "../../src/testing.ts";
import type { FindingCode } from "../../src/index.ts";

const EVENT = sampleEvent("generation.completed");
const COMPACT = JSON.stringify(EVENT);
const PRETTY = JSON.stringify(EVENT, null, 2);
const SORTED = Object.fromEntries(
  Object.entries(EVENT).toSorted(([one], [other]) => one.localeCompare(other)),
);
const SPACED = COMPACT.replaceAll(',"', ', "').replaceAll('":', '": ');
const UMLAUTS = JSON.stringify({ ...EVENT, error: "Größe ü" });
const ESCAPED = UMLAUTS.replace("ö", String.raw`\u00f6`)
  .replace("ß", String.raw`\u00df`)
  .replace("ü", String.raw`\u00fc`);

/** What was signed, what came of it on its way, and what must be found. */
export interface ChangedBody {
  readonly name: string;
  readonly signed: string;
  readonly received: string | Uint8Array;
  readonly code: FindingCode;
  readonly message: RegExp;
}

const reserialised = { code: "body_reserialised" } as const;
const mark = { code: "body_order_mark" } as const;
const lineEndings = { code: "body_line_endings" } as const;
const newline = { code: "body_trailing_newline" } as const;
const charset = { code: "body_charset" } as const;

/** Each thing that proxies, parsers and editors do to a body. */
export const CHANGED_BODIES: readonly ChangedBody[] = [
  {
    ...reserialised,
    name: "pretty-printed",
    signed: COMPACT,
    received: PRETTY,
    message: /again without spaces:/,
  },
  {
    ...reserialised,
    name: "a tab before it",
    signed: COMPACT,
    received: `\t${COMPACT}`,
    message: /without spaces:/,
  },
  {
    ...reserialised,
    name: "pretty, with a BOM",
    signed: COMPACT,
    received: `\uFEFF${PRETTY}`,
    message: /without spaces:/,
  },
  {
    ...reserialised,
    name: "compacted from 2",
    signed: PRETTY,
    received: COMPACT,
    message: /an indentation of 2:/,
  },
  {
    ...reserialised,
    name: "compacted from 4",
    signed: JSON.stringify(EVENT, null, 4),
    received: COMPACT,
    message: /indentation of 4:/,
  },
  {
    ...reserialised,
    name: "compacted from tabs",
    signed: JSON.stringify(EVENT, null, "\t"),
    received: COMPACT,
    message: /with tabs:/,
  },
  {
    ...reserialised,
    name: "compacted from Python's",
    signed: SPACED,
    received: COMPACT,
    message: /space after each comma and colon:/,
  },
  {
    ...reserialised,
    name: "with sorted keys",
    signed: COMPACT,
    received: JSON.stringify(SORTED),
    message: /in the vendor's order:/,
  },
  {
    ...reserialised,
    name: "sorted and pretty",
    signed: COMPACT,
    received: JSON.stringify(SORTED, null, 4),
    message: /vendor's order:/,
  },
  {
    ...reserialised,
    name: "no more sorted",
    signed: '{"a":{"b":1,"c":2},"d":[{"e":3,"f":4}]}',
    received: '{"d":[{"f":4,"e":3}],"a":{"c":2,"b":1}}',
    message: /sorted keys:/,
  },
  { ...reserialised, name: "unescaped", signed: ESCAPED, received: UMLAUTS, message: /in ASCII:/ },
  {
    ...mark,
    name: "with a BOM",
    signed: COMPACT,
    received: `\uFEFF${COMPACT}`,
    message: /without its byte order mark/,
  },
  {
    ...mark,
    name: "without its BOM",
    signed: `\uFEFF${COMPACT}`,
    received: COMPACT,
    message: /with a byte order mark/,
  },
  {
    ...lineEndings,
    name: "with \\r\\n",
    signed: PRETTY,
    received: PRETTY.replaceAll("\n", "\r\n"),
    message: /\\n in place of \\r\\n/,
  },
  {
    ...lineEndings,
    name: "with \\n",
    signed: '{"a":\r\n1e3}',
    received: '{"a":\n1e3}',
    message: /\\r\\n in place of \\n/,
  },
  {
    ...newline,
    name: "with a newline more",
    signed: COMPACT,
    received: `${COMPACT}\n`,
    message: /without the line break at its end/,
  },
  {
    ...newline,
    name: "with a \\r\\n more",
    signed: COMPACT,
    received: `${COMPACT}\r\n`,
    message: /without the line break/,
  },
  {
    ...newline,
    name: "with two newlines more",
    signed: COMPACT,
    received: `${COMPACT}\n\n`,
    message: /without the line break/,
  },
  {
    ...newline,
    name: "with a second newline",
    signed: `${COMPACT}\n`,
    received: `${COMPACT}\n\n`,
    message: /without the line break/,
  },
  {
    ...newline,
    name: "with a newline less",
    signed: `${COMPACT}\n`,
    received: COMPACT,
    message: /with a line break at its end/,
  },
  {
    ...newline,
    name: "with a \\r\\n less",
    signed: `${COMPACT}\r\n`,
    received: COMPACT,
    message: /with a line break at its end/,
  },
  {
    ...charset,
    name: "encoded twice",
    signed: UMLAUTS,
    received: Buffer.from(UMLAUTS).toString("latin1"),
    message: /encoded once/,
  },
  {
    ...charset,
    name: "encoded as Latin-1",
    signed: UMLAUTS,
    received: Uint8Array.from(Buffer.from(UMLAUTS, "latin1")),
    message: /in UTF-8/,
  },
];
