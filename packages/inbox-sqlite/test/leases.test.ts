import { expect, test, vi } from "vitest";
import { FAILED, attach, database, eventually, message, newPath, open } from "./support/inboxes.ts";

const SECOND = { leaseInSeconds: 1 };
/** A process that lives, as far as can be seen for a lease. */
const ANOTHER_OWNER = "INSERT INTO owners (id, beat, lock) VALUES (1000, 0, NULL)";

test("a message is run by the process that accepted it, with what was beside it there", async () => {
  const inbox = open(newPath(), { concurrency: 1 });
  const { runs } = attach(inbox);
  const all = [message({ inProcess: { event: 1 } }), message({ inProcess: { event: 2 } })];
  for (const one of all) await inbox.accept(one);
  await eventually(() => runs.length).toBe(1);
  runs[0]?.end();
  await eventually(() => runs.length).toBe(2);
  expect(runs.map((run) => run.message)).toEqual(all);
  runs[1]?.end();
});

test("a receiver's messages wait for it, whichever inbox accepted them", async () => {
  const path = newPath();
  const [first, second] = [open(path), open(path)];
  const ofFirst = attach(first, "first");
  const ofSecond = attach(second, "second");
  const one = message({ receiver: "second", secretName: "music", inProcess: { event: 1 } });
  await first.accept(one);
  await eventually(() => ofSecond.runs.length).toBe(1);
  const { inProcess, ...stored } = one;
  expect(inProcess).toBeDefined();
  expect(ofSecond.runs[0]?.message).toEqual(stored);
  expect(ofFirst.runs).toEqual([]);
  ofSecond.runs[0]?.end();
  await ofSecond.attachment.idle();
});

test("a thread that is blocked for longer than a lease keeps its run", async () => {
  const path = newPath();
  const inbox = open(path, SECOND);
  const { runs, interrupted, attachment } = attach(inbox);
  await inbox.accept(message());
  await eventually(() => runs.length).toBe(1);
  const beat = (): number => Number(database(path).prepare("SELECT beat FROM owners").get()?.["beat"]);
  const before = beat();
  const until = Date.now() + 2500;
  while (Date.now() < until);
  const row = database(path).prepare("SELECT state, run FROM messages").get();
  expect(row).toEqual({ state: 1, run: 1 });
  expect(beat() - before).toBeGreaterThanOrEqual(3);
  runs[0]?.end();
  await attachment.idle();
  expect([runs.length, interrupted]).toEqual([1, []]);
});

test("a run whose lease has passed to another: its signal is aborted, and it says nothing about the message", async () => {
  const path = newPath();
  const inbox = open(path, { leaseInSeconds: 3 });
  const { runs, attachment } = attach(inbox);
  await inbox.accept(message());
  await eventually(() => runs.length).toBe(1);
  database(path).exec(`${ANOTHER_OWNER}; UPDATE messages SET owner = 1000, claim = 1, run = 2`);
  await eventually(() => runs[0]?.attempt.signal?.aborted).toBe(true);
  runs[0]?.end();
  await attachment.close();
  expect(database(path).prepare("SELECT state, run, owner FROM messages").get()).toEqual({
    state: 1,
    run: 2,
    owner: 1000,
  });
});

test.each([
  ["done", undefined],
  ["failed", FAILED("late")],
  ["dead", FAILED("late", true)],
])("a run that ends as %s just after it has lost its lease changes nothing", async (_name, outcome) => {
  const path = newPath();
  const inbox = open(path);
  const { runs, attachment } = attach(inbox);
  await inbox.accept(message());
  await eventually(() => runs.length).toBe(1);
  database(path).exec(`${ANOTHER_OWNER}; UPDATE messages SET owner = 1000, claim = 1`);
  runs[0]?.end(outcome);
  await attachment.close();
  expect(database(path).prepare("SELECT state, run, owner FROM messages").get()).toEqual({
    state: 1,
    run: 1,
    owner: 1000,
  });
});

test("a run whose process died is judged by who takes it over", async () => {
  const path = newPath();
  const inbox = open(path, { ...SECOND, maxRuns: 2, backoffInSeconds: 0.1 });
  const one = message();
  await inbox.accept(one);
  // Of an owner that nobody knows: the process died.
  const died = "UPDATE messages SET state = 1, owner = 2000, claim = 1, due_at = NULL";
  database(path).exec(`${died}, run = 1`);
  const { runs, interrupted, attachment } = attach(inbox);
  await eventually(() => runs.length).toBe(1);
  expect(runs[0]?.attempt).toMatchObject({ run: 2, final: true });
  expect(interrupted).toEqual([{ messageId: one.messageId, run: 1, final: false }]);

  runs[0]?.end(FAILED(new TypeError("as told"), true));
  await attachment.idle();
  const [dead] = await inbox.deadLetters.list();
  expect(dead).toMatchObject({ runs: 2, reason: "handler_failed", error: "TypeError: as told" });
  await inbox.accept(one);
  await eventually(() => runs.length).toBe(2);
  database(path).exec(`${died}, run = 2`);
  await eventually(() => interrupted.length).toBe(2);
  runs[1]?.end();
  await attachment.idle();
  expect(interrupted.at(-1)).toEqual({ messageId: one.messageId, run: 2, final: true });
  expect(await inbox.deadLetters.list()).toMatchObject([{ runs: 2, reason: "run_interrupted" }]);
});

test("a run that is released does not count, and its late end changes nothing", async () => {
  const path = newPath();
  const inbox = open(path);
  const { runs, attachment } = attach(inbox);
  await inbox.accept(message());
  await eventually(() => runs.length).toBe(1);
  await attachment.close();
  expect(runs[0]?.attempt.signal?.aborted).toBe(true);
  runs[0]?.end();
  const heir = attach(open(path));
  await eventually(() => heir.runs.length).toBe(1);
  expect(heir.runs[0]?.attempt).toMatchObject({ run: 1, final: false });
  heir.runs[0]?.end();
  await heir.attachment.idle();
  expect(heir.interrupted).toEqual([]);
});

test("no receiver starves behind another's backlog", async () => {
  const path = newPath();
  const before = open(path);
  for (const receiver of ["busy", "busy", "busy", "busy", "quiet"])
    await before.accept(message({ receiver }));
  await before.close();
  const inbox = open(path, { concurrency: 2 });
  const busy = attach(inbox, "busy");
  const quiet = attach(inbox, "quiet");
  await eventually(() => busy.runs.length + quiet.runs.length).toBe(2);
  for (const run of [...busy.runs, ...quiet.runs]) run.end();
  await eventually(() => quiet.runs.length).toBe(1);
});

test("names that are no identifiers are told apart", async () => {
  const inbox = open(newPath());
  const names = ["a", "A", "a ", "a\0b", "a\0c", "ä", "'; --", "x".repeat(10_000)];
  const attached = names.map((name) => attach(inbox, name));
  const { messageId } = message();
  for (const receiver of names)
    expect(await inbox.accept(message({ receiver, messageId }))).toEqual({ duplicate: false });
  await eventually(() => attached.map(({ runs }) => runs[0]?.message.receiver)).toEqual(names);
});

test("a service with nothing to do writes nothing", async () => {
  const path = newPath();
  const inbox = open(path);
  const { runs, attachment } = attach(inbox);
  await inbox.accept(message());
  await eventually(() => runs.length).toBe(1);
  runs[0]?.end();
  await attachment.idle();
  const other = database(path);
  const version = (): unknown => other.prepare("PRAGMA data_version").get();
  const before = version();
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(version()).toEqual(before);
});

test("two receivers of one name: refused, until the first one has closed", async () => {
  const inbox = open(newPath());
  const { attachment } = attach(inbox);
  expect(() => attach(inbox)).toThrow(expect.objectContaining({ code: "invalid_option" }) as Error);
  await attachment.close();
  await attachment.close();
  const again = attach(inbox);
  await inbox.accept(message());
  await vi.waitFor(() => expect(again.runs).toHaveLength(1));
});
