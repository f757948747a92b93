import type { Job } from "bullmq";

/** A run's hold on its message. */
export interface Lease {
  /** Aborted when it is lost, or given up. */
  readonly signal: AbortSignal;
  /** Resolves when it is given up. */
  readonly released: Promise<"released">;
  /** Gives it up. */
  release(): void;
  /** Stops its renewal. */
  end(): void;
}

/** Renews the lock that BullMQ has set on a job, for as long as its run takes. */
export function holdLease(job: Job, token: string, leaseInSeconds: number): Lease {
  const leaseMs = leaseInSeconds * 1000;
  const controller = new AbortController();
  let resolveReleased: (how: "released") => void = () => {};
  const released = new Promise<"released">((resolve) => {
    resolveReleased = resolve;
  });
  let heldUntil = performance.now() + leaseMs;
  let renewing = false;

  async function renew(): Promise<void> {
    if (performance.now() >= heldUntil) lose();
    // It may wait for Redis to come back.
    if (renewing) return;
    renewing = true;
    const askedAt = performance.now();
    try {
      if ((await job.extendLock(token, leaseMs)) === 1) heldUntil = askedAt + leaseMs;
      else lose();
    } catch {
      // Told by the connection. The next time may be in time.
    } finally {
      renewing = false;
    }
  }

  function lose(): void {
    controller.abort(new Error("The lease of this run was lost: another process may run the message."));
  }

  const timer = setInterval(() => void renew(), leaseMs / 3);
  return {
    signal: controller.signal,
    released,
    release() {
      controller.abort(
        new Error("The inbox closes: the message is run again at the next start, or elsewhere."),
      );
      resolveReleased("released");
    },
    end: () => clearInterval(timer),
  };
}
