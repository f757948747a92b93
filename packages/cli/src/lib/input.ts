import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { usageError } from "./exit.ts";

/** Reads the bytes of a file, or of stdin where none or `-` is named. */
export async function readBytes(file: string | undefined): Promise<Uint8Array> {
  if (file !== undefined && file !== "-") return readNamed(file);
  if (process.stdin.isTTY) console.error("Reading from the terminal: end with Ctrl-D on a line of its own.");
  return buffer(process.stdin);
}

/** Reads the text of a file. */
export async function readText(file: string): Promise<string> {
  return (await readNamed(file)).toString("utf8");
}

async function readNamed(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw usageError(`There is no file ${file}.`);
    throw usageError(`${file} cannot be read: ${code ?? String(error)}.`);
  }
}

/** For options that may be given several times. */
export function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

/** For `name=value` options that may be given several times. */
export function collectPair(
  text: string,
  earlier: Record<string, string> | undefined,
): Record<string, string> {
  const [name, value] = readPair(text);
  return { ...earlier, [name]: value };
}

/** The option that sets fields of an event. */
export const SET_OPTION: readonly ["--set <field=value>", string, typeof collectField] = [
  "--set <field=value>",
  "a field of the event; true, false and null are no strings",
  collectField,
];

function collectField(text: string, earlier: Record<string, unknown> | undefined): Record<string, unknown> {
  const [field, value] = readPair(text);
  return { ...earlier, [field]: /^(true|false|null)$/.test(value) ? JSON.parse(value) : value };
}

function readPair(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It reads name=value.");
  return [text.slice(0, at), text.slice(at + 1)];
}

/** For options that take a number of seconds or milliseconds. */
export function readNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number) || number < 0) {
    throw new InvalidArgumentError("It takes a number, 0 or more.");
  }
  return number;
}

/** For options that take a port. */
export function readPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError("It takes a port, from 0 to 65535.");
}

/** For options that take a factor. */
export function readSpeed(text: string): number {
  const factor = readNumber(text);
  if (factor > 0) return factor;
  throw new InvalidArgumentError("It takes a number above 0: 60 for a minute each second.");
}

/** For options that take how many. */
export function readCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It takes a whole number, 1 or more.");
}

/** A time: seconds since 1970, or ISO 8601. */
export function readTime(text: string): Date {
  const time = new Date(/^\d{1,12}$/.test(text) ? Number(text) * 1000 : text);
  if (Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError("It takes seconds since 1970, or a time such as 2026-01-28T12:34:56Z.");
  }
  return time;
}
