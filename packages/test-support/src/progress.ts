import type { WriteStream } from "node:tty";

/** Tells what is going on while a run takes its time. */
export interface Progress {
  /** The next step begins. */
  step(what: string): void;
  /** All steps are done: the line is cleared. */
  done(): void;
}

/** A line that is redrawn in place on a terminal, and one line a step elsewhere. On standard error. */
export function createProgress(stream: WriteStream = process.stderr): Progress {
  const start = performance.now();
  const line = (what: string): string =>
    `${((performance.now() - start) / 1000).toFixed(0).padStart(4)} s  ${what}`;
  if (!stream.isTTY) {
    return { step: (what) => void stream.write(`${line(what)}\n`), done: () => {} };
  }
  const clear = "\r\u001B[2K";
  return {
    step: (what) => void stream.write(clear + line(what).slice(0, Math.max(20, stream.columns - 1))),
    done: () => void stream.write(clear),
  };
}
