/** How a server in a child process tells its parent the port. */
export const LISTENING = "listening on port ";

/** Tells the parent that the server is ready. */
export function tellPort(port: number): void {
  console.log(`${LISTENING}${port}`);
}
