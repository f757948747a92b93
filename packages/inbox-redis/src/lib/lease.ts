import { monotonicSeconds } from "@diffio-webhooks/core/inbox";
/** A run's hold on its message. */
export interface Lease {
  /** Aborted when it may be lost, or is given up. */
  readonly signal: AbortSignal;
  /** Resolves when it is given up. */
  readonly released: Promise<"released">;
  /** Renews it, unless the last try still waits for Redis. */
  renew(): void;
  /**
   * Renews it right before what follows on the same connection: however long Redis took to come to it, it finds the
   * lock there, if nobody has taken the message over.
   */
  secure(): void;
  /** Gives it up. */
  release(): void;
}

/**
 * Holds the lock that BullMQ has set on a job.
 *
 * @param extend asks Redis for so much time again; resolves with false where another process has the message.
 */
export function holdLease(extend: () => Promise<boolean>, leaseInSeconds: number): Lease {
  const controller = new AbortController();
  let resolveReleased: (how: "released") => void = () => {};
  const released = new Promise<"released">((resolve) => {
    resolveReleased = resolve;
  });
  let heldUntil = monotonicSeconds() * 1000 + leaseInSeconds * 1000;
  let renewing = false;
  let lost = false;

  async function ask(): Promise<void> {
    if (lost) return;
    const askedAt = monotonicSeconds() * 1000;
    try {
      if (await extend()) heldUntil = askedAt + leaseInSeconds * 1000;
      else lose();
    } catch {
      // Told by the connection. The next time may be in time.
    }
  }

  function lose(): void {
    lost = true;
    controller.abort(new Error("The lease of this run was lost: another process runs the message."));
  }

  return {
    signal: controller.signal,
    released,
    renew() {
      if (monotonicSeconds() * 1000 >= heldUntil) {
        controller.abort(new Error("The lease of this run could not be renewed: another may begin."));
      }
      if (renewing) return;
      renewing = true;
      void ask().finally(() => {
        renewing = false;
      });
    },
    secure: () => void ask(),
    release() {
      controller.abort(
        new Error("The inbox closes: the message is run again at the next start, or elsewhere."),
      );
      resolveReleased("released");
    },
  };
}
