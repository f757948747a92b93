const nobody = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread: a worker has nothing better to do while another process holds the lock. */
export function sleep(milliseconds: number): void {
  Atomics.wait(nobody, 0, 0, milliseconds);
}
