import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { styleText } from "node:util";
import { printFailure } from "./output.ts";

/** The name of the program. */
export const BIN = "diffio-webhooks";

/** What a command's help says. */
export interface CommandHelp {
  /** One sentence. */
  readonly description: string;
  /** Lines of a shell, without the name of the program; what follows two spaces and a # is a remark. */
  readonly examples: readonly string[];
  /** What else there is to know. */
  readonly notes?: string;
}

/** Makes a command whose help has examples, and whose mistakes are told in one way. */
export function newCommand(name: string, { description, examples, notes }: CommandHelp): Command {
  const lines = examples.map((example) => `  $ ${BIN} ${example}`.trimEnd());
  return new Command(name)
    .description(description)
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", `${notes ? `\n${notes}\n` : ""}\nExamples:\n${lines.join("\n")}\n`)
    .configureHelp({
      // Commander takes colours out where they do not belong.
      styleTitle: (title) => styleText("bold", title, { validateStream: false }),
    })
    .configureOutput({ outputError: (text) => printMistake(text) })
    .exitOverride();
}

/** Makes a command that only has others under it. */
export function newGroup(name: string, help: CommandHelp, commands: readonly CommandUnknownOpts[]): Command {
  const group = newCommand(name, help).helpCommand(false);
  for (const command of commands) group.addCommand(command);
  return group;
}

/** The option that every command has. */
export const JSON_OPTION: readonly ["--json", string] = ["--json", "one line of JSON for each record"];

/** Tells of a mistake on the command line in our own way: what is wrong, and then what may be right. */
export function printMistake(text: string, suggestion?: string): void {
  const [message = "", ...more] = text
    .trim()
    .replace(/^error: /, "")
    .split("\n");
  const suggested = more.map((line) => line.replace(/^\((Did you mean .*\?)\)$/, "$1")).join("\n");
  printFailure(message, suggestion ?? (suggested === "" ? undefined : suggested));
}
