import { readText } from "./input.ts";
import { usageError } from "./exit.ts";

/** Headers by name; one that came several times has a list. */
export type HeaderRecord = Record<string, string | string[]>;

const LINE = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*?)\s*$/;

/**
 * Reads a file of headers: `name: value` lines as curl and proxies print them (a request line, and a mark such as
 * `> ` before each, are passed over), or a JSON object.
 *
 * @throws CliError when it is neither
 */
export async function readHeadersFile(file: string): Promise<HeaderRecord> {
  const text = (await readText(file)).trim();
  if (text.startsWith("{")) return readJson(text, file);
  const lines = text.split(/\r?\n/).map((line) => line.replace(/^[<>*] ?/, ""));
  return readHeaderLines(lines.filter((line) => line !== "" && !/^[A-Z]+ \S+ HTTP\//.test(line)));
}

/**
 * Reads `name: value` lines.
 *
 * @throws CliError for a line that is none
 */
export function readHeaderLines(lines: readonly string[]): HeaderRecord {
  const headers: HeaderRecord = {};
  for (const line of lines) {
    const [, name, value] = LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      throw usageError(`"${line}" is not a header.`, "A header reads svix-id: msg_…");
    }
    const key = name.toLowerCase();
    const earlier = headers[key];
    headers[key] = earlier === undefined ? value : [earlier, value].flat();
  }
  return headers;
}

function readJson(text: string, file: string): HeaderRecord {
  const wrong = usageError(`${file} is not a JSON object of headers.`, '{ "svix-id": "msg_…", … }');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw wrong;
  }
  if (typeof parsed !== "object" || parsed === null) throw wrong;
  return Object.fromEntries(
    Object.entries(parsed).map(([name, value]: [string, unknown]) => [
      name,
      Array.isArray(value) ? value.map(String) : String(value),
    ]),
  );
}
