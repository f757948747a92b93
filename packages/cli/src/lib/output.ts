import { stripVTControlCharacters, styleText } from "node:util";

type Style = (text: string) => string;

// styleText leaves colour out where stdout is no terminal, or NO_COLOR is set.
/** Bold. */
export const bold: Style = (text) => styleText("bold", text);
/** Green. */
export const green: Style = (text) => styleText("green", text);
/** Red. */
export const red: Style = (text) => styleText("red", text);
/** Yellow. */
export const yellow: Style = (text) => styleText("yellow", text);
/** Grey. */
export const grey: Style = (text) => styleText("gray", text);

/** Text from elsewhere, on one line and without what would command a terminal. */
export const plain: Style = (text) => stripVTControlCharacters(text).replaceAll(/\p{Cc}+/gu, " ");

/** Writes what a command has to say: for people, or with `--json` as one line of JSON for each record. */
export interface Output {
  /** The same fact twice: for scripts, and, if there are words, for people. */
  record(fact: object, text: string | undefined): void;
  /** For people only. */
  say(text: string): void;
}

/** Makes the output of a command. */
export function createOutput({ json = false }: { json?: boolean | undefined }): Output {
  return {
    record: (fact, text) => {
      if (json) console.log(JSON.stringify(fact));
      else if (text !== undefined) console.log(text);
    },
    say: (text) => {
      if (!json) console.log(text);
    },
  };
}

/** A failure, on stderr, where it does not mix with what scripts read. */
export function printFailure(message: string, hint?: string): void {
  const mark = styleText("red", "✗", { stream: process.stderr });
  console.error(`${mark} ${message}${hint ? `\n  ${hint.replaceAll("\n", "\n  ")}` : ""}`);
}
