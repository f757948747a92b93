/**
 * What every server under test does alike, on any runtime: the routes with their options, callbacks that behave as
 * the event tells them to, and a ledger of all that happened, to be read at `GET /ledger`.
 */
import type {
  DiffioEvent,
  ErrorContext,
  HandlerContext,
  Observer,
  Receiver,
  ReceiverOptions,
} from "@diffio-webhooks/core";

/** `whsec_` and base64 of 32 bytes, one for each purpose. Test secrets: they open nothing. */
export const SECRETS = {
  current: "whsec_ZGlmZmlvLXdlYmhvb2tzLWN1cnJlbnQtMDEyMzQ1Njc=",
  previous: "whsec_ZGlmZmlvLXdlYmhvb2tzLXByZXZpb3VzLTAxMjM0NTY=",
  foreign: "whsec_ZGlmZmlvLXdlYmhvb2tzLWZvcmVpZ24tMDEyMzQ1Njc=",
};

/** The paths that every server offers. */
export const PATHS = {
  plain: "/webhooks/diffio",
  afterHandlers: "/after-handlers",
  rotation: "/rotation",
  named: "/named",
  noSecret: "/no-secret",
  small: "/small",
  impatient: "/impatient",
  /** Little time and little room for bodies. */
  strangers: "/strangers",
  /** An async secret function, its calls counted in the ledger. */
  vault: "/vault",
  /** An async secret function that drops the old key when a callback says so. */
  retiring: "/retiring",
  /** An observer that throws or rejects at each step. */
  unruly: "/unruly",
  /** Neither onError nor onRejected. */
  unhooked: "/unhooked",
  /** Behind a middleware that parses JSON. */
  parsed: "/parsed",
  /** Behind a middleware that leaves the bytes where the adapter finds them. */
  kept: "/kept",
} as const;

/** One of {@link PATHS}. */
export type Path = (typeof PATHS)[keyof typeof PATHS];

/** A callback that ran. */
export interface LedgerRun {
  path: string;
  messageId: string;
  eventType: string | undefined;
  run: number;
  secretName?: string | undefined;
  hasPlatform: boolean;
  rawBytes: number;
  /** For a blocking callback: whether the reply was seen to have left while it blocked. */
  replyLeftFirst?: boolean | undefined;
}

/** A delivery that was refused. */
export interface LedgerRejection {
  path: string;
  code: string;
  status: number;
  message: string;
  hint?: string | undefined;
  hasPlatform: boolean;
}

/** All that happened on a server. */
export interface Ledger {
  runs: LedgerRun[];
  errors: { path: string; messageId: string; run: number; final: boolean; error: string }[];
  rejections: LedgerRejection[];
  secretCalls: number;
  steps: LedgerStep[];
}

/** What the observer saw. */
export interface LedgerStep {
  path: string;
  step: string;
  messageId?: string;
  run?: number;
  code?: string;
  failure?: string;
}

/** What a server needs: options to mount at each path, and the ledger once all is idle. */
export interface Fixture {
  /** What has happened so far. */
  readonly ledger: Ledger;
  optionsFor(path: Path): ReceiverOptions;
  watch(receiver: Pick<Receiver, "idle">): void;
  ledgerWhenIdle(): Promise<Ledger>;
}

const OPTIONS: Record<Path, ReceiverOptions> = {
  [PATHS.plain]: {},
  [PATHS.afterHandlers]: { acknowledge: "after-handlers" },
  [PATHS.rotation]: { signingSecret: [SECRETS.current, SECRETS.previous] },
  [PATHS.named]: { signingSecret: { studio: SECRETS.previous, archive: SECRETS.current } },
  [PATHS.noSecret]: {
    signingSecret: () => {
      throw new Error("The vault is closed.");
    },
  },
  [PATHS.small]: { maxBodyBytes: 1024 },
  [PATHS.impatient]: { handlerTimeoutInSeconds: 0.05 },
  [PATHS.strangers]: { bodyTimeoutInSeconds: 1, maxUnverifiedBytes: 4 * 1_048_576 },
  [PATHS.vault]: {},
  [PATHS.retiring]: {},
  [PATHS.unruly]: {},
  [PATHS.unhooked]: { onError: undefined, onRejected: undefined },
  [PATHS.parsed]: {},
  [PATHS.kept]: {},
};

/**
 * Makes the fixture.
 *
 * @param block blocks the thread until the client has its reply, and tells whether it had; `marker` is told to the
 * client by the event. Where it cannot look, it blocks for a while and tells nothing.
 */
export function createFixture(block: (marker: string) => boolean | undefined): Fixture {
  const ledger: Ledger = { runs: [], errors: [], rejections: [], secretCalls: 0, steps: [] };
  let isRetired = false;
  const receivers: Pick<Receiver, "idle">[] = [];

  /** A callback that does what the event's `generationId` asks of it. */
  function handlerAt(path: string): (event: DiffioEvent, context: HandlerContext) => unknown {
    return (event, context) => {
      const run: LedgerRun = {
        path,
        messageId: context.messageId,
        eventType: event.eventType,
        run: context.run,
        secretName: context.secretName,
        hasPlatform: context.platform !== undefined,
        rawBytes: context.rawBody.length,
      };
      ledger.runs.push(run);
      const { generationId } = event as { generationId?: string };
      if (generationId === "throws") throw new Error("The callback threw.");
      if (generationId === "rejects") return Promise.reject(new Error("The callback rejected."));
      if (generationId === "never ends") return new Promise(() => {});
      if (generationId === "blocks")
        run.replyLeftFirst = block(String((event as { blockMarker?: string }).blockMarker));
      if (generationId === "retires the old key") isRetired = true;
      if (generationId === "is slow") return new Promise((resolve) => setTimeout(resolve, 300));
      return undefined;
    };
  }

  function observerAt(path: Path): Observer {
    const note = (step: LedgerStep): unknown => {
      ledger.steps.push(step);
      if (path !== PATHS.unruly) return undefined;
      const error = new Error("The observer failed.");
      if (ledger.steps.length % 2 === 0) return Promise.reject(error);
      throw error;
    };
    return {
      received: () => note({ path, step: "received" }),
      refused: ({ error: { code } }) => note({ path, step: "refused", code }),
      duplicate: ({ message: { messageId } }) => note({ path, step: "duplicate", messageId }),
      accepted: ({ message: { messageId } }) => note({ path, step: "accepted", messageId }),
      runStarted: ({ message: { messageId }, run }) => note({ path, step: "runStarted", messageId, run }),
      runEnded: ({ message: { messageId }, run, failure }) =>
        note({ path, step: "runEnded", messageId, run, ...(failure && { failure: failure.reason }) }),
    };
  }

  return {
    ledger,
    optionsFor(path) {
      const handler = handlerAt(path);
      return {
        signingSecret: SECRETS.current,
        onAny: handler,
        onError: (error: unknown, { messageId, run, final }: ErrorContext) => {
          ledger.errors.push({ path, messageId, run, final, error: String(error) });
        },
        onRejected: ({ code, status, message, hint }, _delivery, platform) => {
          const hasPlatform = platform !== undefined;
          ledger.rejections.push({ path, code, status, message, hint, hasPlatform });
        },
        ...OPTIONS[path],
        observer: observerAt(path),
        ...(path === PATHS.retiring && {
          signingSecret: async (_platform: unknown) =>
            isRetired ? SECRETS.current : [SECRETS.current, SECRETS.previous],
        }),
        ...(path === PATHS.vault && {
          signingSecret: async () => {
            ledger.secretCalls += 1;
            return SECRETS.current;
          },
        }),
      };
    },
    watch: (receiver) => void receivers.push(receiver),
    async ledgerWhenIdle() {
      await Promise.all(receivers.map((receiver) => receiver.idle()));
      return ledger;
    },
  };
}
