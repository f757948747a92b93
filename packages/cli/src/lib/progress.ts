const WIDTH = 30;

/** Shows how far a long task is. */
export interface Progress {
  update(done: number, total: number): void;
  /** Takes the bar away. */
  end(): void;
}

/** A bar on stderr where that is a terminal; nothing else. */
export function createProgress(label: string): Progress {
  if (!process.stderr.isTTY) return { update: () => {}, end: () => {} };
  return {
    update(done, total) {
      const filled = total === 0 ? WIDTH : Math.round((WIDTH * done) / total);
      const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
      process.stderr.write(`\r${label} ${bar} ${done}/${total}`);
    },
    // Back to the start of the line, and everything behind it gone.
    end: () => void process.stderr.write("\r\u001B[K"),
  };
}
