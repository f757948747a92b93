import { parseArgs } from "node:util";
import type { InboxEngine } from "@diffio-webhooks/contract/inboxes";
import { ENGINES } from "./engines.ts";

/** What a campaign's command was given: an engine, and whole numbers by name. */
export interface Command<Numbers> {
  readonly engine: InboxEngine;
  readonly numbers: Numbers;
}

/**
 * Reads `--engine NAME` and options that are whole numbers above 0. Prints the help and ends the process where that is
 * asked for (exit code 0) or where an option is wrong (2).
 */
export function readCommand<Numbers extends Record<string, number>>(
  help: string,
  defaults: Numbers,
): Command<Numbers> {
  const usage = (problem?: string): never => {
    if (problem === undefined) console.log(help);
    else console.error(`${problem}\n\n${help}`);
    process.exit(problem === undefined ? 0 : 2);
  };
  const options = Object.fromEntries(
    ["engine", ...Object.keys(defaults)].map((name) => [name, { type: "string" as const }]),
  );
  let values: Record<string, string | boolean | undefined> = {};
  try {
    ({ values } = parseArgs({ options: { ...options, help: { type: "boolean" } } }));
  } catch (error) {
    usage((error as Error).message);
  }
  if (values["help"]) usage();
  const name = String(values["engine"] ?? "sqlite");
  const engine =
    ENGINES[name] ?? usage(`There is no engine "${name}"; there are ${Object.keys(ENGINES).join(", ")}.`);
  if (engine.missing !== undefined) usage(`${engine.missing} is not there: install it first.`);
  const numbers: Record<string, number> = { ...defaults };
  for (const key of Object.keys(defaults)) {
    const value = values[key];
    if (value === undefined) continue;
    if (!/^[1-9]\d*$/.test(String(value)))
      usage(`--${key} takes a whole number above 0, not "${String(value)}".`);
    numbers[key] = Number(value);
  }
  return { engine, numbers: numbers as Numbers };
}
