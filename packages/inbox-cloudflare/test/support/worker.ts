/** A Worker with the inbox, and with what goes wrong in the real world, when a test says so. */
import { env } from "cloudflare:workers";
import { type QueueBatch, WebhookError, createReceiver } from "@diffio-webhooks/core";
import { DiffioInbox, cloudflareInbox } from "@diffio-webhooks/inbox-cloudflare";
import type { Faults, LogEntry, WorkerConfig } from "./protocol.ts";

interface Bindings {
  readonly CONFIG: string;
  readonly DIFFIO_QUEUE: { sendBatch(messages: unknown): Promise<unknown> };
  readonly DIFFIO_INBOX: {
    idFromName(name: string): unknown;
    get(id: unknown): Pick<TestInbox, "query" | "loseAlarm" | "rowsRead">;
  };
}

interface Sql {
  exec(...statement: readonly unknown[]): { toArray(): unknown[]; readonly rowsRead: number };
}

const bindings = env as Bindings;
const config = JSON.parse(bindings.CONFIG) as WorkerConfig;
let faults: Faults = {};

/** The inbox's own object, on a queue that may refuse, and deaf to renewals where a test wants a lease to run out. */
export class TestInbox extends DiffioInbox {
  #rowsRead = 0;

  constructor(ctx: unknown, objectEnv: Bindings) {
    const { DIFFIO_QUEUE } = objectEnv;
    const sendBatch = async (messages: unknown): Promise<unknown> => {
      if (faults.queueRefuses) {
        await pause(200);
        throw new Error("Too Many Requests");
      }
      return DIFFIO_QUEUE.sendBatch(messages);
    };
    super(ctx, { ...objectEnv, DIFFIO_QUEUE: { sendBatch } });
    const { sql } = (ctx as { storage: { sql: Sql } }).storage;
    const exec = sql.exec.bind(sql);
    sql.exec = (...statement) => {
      const cursor = exec(...statement);
      const rows = cursor.toArray();
      this.#rowsRead += cursor.rowsRead;
      return { rowsRead: cursor.rowsRead, toArray: () => rows };
    };
  }

  /** How many rows were read since this was last asked. */
  async rowsRead(): Promise<number> {
    const rowsRead = this.#rowsRead;
    this.#rowsRead = 0;
    return rowsRead;
  }

  override async renew(holders: Parameters<DiffioInbox["renew"]>[0]): Promise<string[]> {
    return faults.renewalsAreLost ? holders.map(({ token }) => token) : super.renew(holders);
  }

  /** What is left when Cloudflare has given up calling an alarm that failed. */
  async loseAlarm(): Promise<void> {
    await (this.ctx.storage as { deleteAlarm(): Promise<void> }).deleteAlarm();
  }

  /** Looks into the database, or changes it. */
  async query(sql: string): Promise<unknown> {
    return (this.ctx.storage as { sql: Sql }).sql.exec(sql).toArray();
  }
}

const log = (entry: LogEntry): void => console.log(JSON.stringify(entry));
const inbox = cloudflareInbox(config.inbox);
const receivers = new Map(
  config.receivers.map((name) => [
    name,
    createReceiver({
      name,
      inbox,
      signingSecret: config.signingSecret,
      maxBodyBytes: 8 * 1_048_576,
      onAny: async ({ generationId }, { messageId, run, rawBody, signal }) => {
        log({ what: "started", messageId, run, bytes: rawBody.length, hash: await hashOf(rawBody) });
        signal.addEventListener("abort", () => log({ what: "aborted", messageId, run }));
        await act(String(generationId), run);
        log({ what: "ended", messageId, run });
      },
      onError: (error, { messageId, run, final }) =>
        log({ what: "failed", messageId, run, final, code: codeOf(error) }),
      onRejected: (error) =>
        log({ what: "rejected", code: error.code, hint: error.hint ?? "", cause: String(error.cause) }),
    }),
  ]),
);

/** `fails:2` fails twice; `takes:1000,10` takes 1 s the first time, and 10 ms then; `fails-late` then fails, once. */
async function act(plan: string, run: number): Promise<void> {
  const [verb = "", list = ""] = plan.split(":");
  const numbers = list.split(",").map(Number);
  if (verb === "takes" || verb === "fails-late") {
    await pause(numbers[run - 1] ?? numbers.at(-1) ?? 0);
  }
  if (verb === "fails-late" && run === 1) throw new Error("as told");
  if (verb === "fails" && run <= (numbers[0] ?? 0)) throw new Error("as told");
}

async function control(path: string, input: unknown): Promise<unknown> {
  const [first] = receivers.values();
  switch (path) {
    case "/faults":
      faults = input as Faults;
      return undefined;
    case "/idle":
      return first?.idle();
    case "/close":
      return first?.close();
    case "/counts":
      return inbox.counts();
    case "/list": {
      const letters = await inbox.deadLetters.list(input as { limit?: number; after?: string });
      return Promise.all(
        letters.map(async ({ rawBody, ...letter }) => ({ ...letter, hash: await hashOf(rawBody) })),
      );
    }
    case "/replay":
      return inbox.deadLetters.replay(String(input));
    case "/replay-all":
      return inbox.deadLetters.replayAll();
    case "/send":
      return bindings.DIFFIO_QUEUE.sendBatch([{ body: input }]);
    case "/query":
      return object().query(String(input));
    case "/rows-read":
      return object().rowsRead();
    case "/lose-alarm":
      return object().loseAlarm();
    default:
      throw new Error(`No such control: ${path}`);
  }
}

function object(): ReturnType<Bindings["DIFFIO_INBOX"]["get"]> {
  const { DIFFIO_INBOX } = bindings;
  return DIFFIO_INBOX.get(DIFFIO_INBOX.idFromName("inbox"));
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/webhooks/")) {
      const receiver = receivers.get(pathname.slice("/webhooks/".length));
      if (!receiver) return new Response(null, { status: 404 });
      const { method, headers } = request;
      const reply = await receiver.receive({ method, headers, body: request.body ?? new Uint8Array() });
      return new Response(reply.body, reply);
    }
    try {
      return Response.json({ value: (await control(pathname, await request.json())) ?? null });
    } catch (error) {
      return Response.json({ error: codeOf(error) });
    }
  },
  async queue(batch: QueueBatch): Promise<void> {
    const [first] = receivers.values();
    for (const { body, attempts } of batch.messages) log({ what: "queued", body, attempts });
    // Returning acknowledges: that is how a queue message is lost.
    if (!faults.queueMessagesAreLost) await first?.queue(batch);
  },
};

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

async function hashOf(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function codeOf(error: unknown): string {
  return error instanceof WebhookError ? error.code : String(error);
}
