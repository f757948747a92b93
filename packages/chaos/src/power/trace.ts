import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** What a process did to its files, in order. */
export type FileEvent =
  | { readonly what: "write"; readonly file: string; readonly at: number; readonly bytes: Buffer }
  | { readonly what: "truncate"; readonly file: string; readonly length: number }
  | { readonly what: "sync"; readonly file: string }
  | { readonly what: "acknowledged"; readonly messageId: string };

/** Runs a program, and records its writes and syncs with strace. */
export async function record(args: readonly string[], log: string): Promise<void> {
  const calls = "trace=write,pwrite64,pwritev,fsync,fdatasync,ftruncate";
  const options = ["-f", "-qq", "-y", "-xx", "-s", "1000000", "-e", calls, "-e", "signal=none", "-o", log];
  const child: ChildProcess = spawn("strace", [...options, process.execPath, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`The recorded program ended with code ${code}.`);
}

const CALL = /^(\d+) +(\w+)\(\d+<([^>]*)>(?:, )?(.*)$/;
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>/;

/** Reads what was recorded. A write counts from its beginning, a sync from its end. */
export async function* readTrace(log: string): AsyncGenerator<FileEvent> {
  const begun = new Map<string, string>();
  for await (const line of createInterface(createReadStream(log, "latin1"))) {
    const resumed = RESUMED.exec(line);
    if (resumed) {
      const [, pid = "", call = ""] = resumed;
      const file = begun.get(`${pid} ${call}`);
      if (file !== undefined && isSync(call)) yield { what: "sync", file };
      continue;
    }
    const [, pid = "", call = "", hexFile = "", rest = ""] = CALL.exec(line) ?? [];
    if (call === "") continue;
    const file = hexFile.includes("\\x") ? unhex(hexFile).toString() : hexFile;
    const isUnfinished = line.endsWith("<unfinished ...>");
    if (isSync(call)) {
      if (isUnfinished) begun.set(`${pid} ${call}`, file);
      else yield { what: "sync", file };
    } else if (call === "ftruncate") {
      yield { what: "truncate", file, length: Number.parseInt(rest, 10) };
    } else if (call === "pwrite64" || call === "write") {
      const [, text = "", after = ""] = /^"((?:\\x[0-9a-f]{2})*)"(?:, (.*))?/.exec(rest) ?? [];
      const bytes = unhex(text);
      if (call === "pwrite64") {
        const [, at = "0"] = /^\d+, (\d+)/.exec(after) ?? [];
        yield { what: "write", file, at: Number(at), bytes };
      } else {
        for (const [, messageId = ""] of bytes.toString("latin1").matchAll(/ACK (\S+)\n/g))
          yield { what: "acknowledged", messageId };
      }
    }
  }
}

function isSync(call: string): boolean {
  return call === "fsync" || call === "fdatasync";
}

function unhex(text: string): Buffer {
  return Buffer.from(text.replaceAll("\\x", ""), "hex");
}
