import { describe, expect, test } from "vitest";
import pg from "pg";
import { type PostgresInboxOptions, postgresInbox } from "../src/index.ts";

const connectionString = "postgres://user:secret@127.0.0.1:1/database";

describe("options are checked when the inbox is made", () => {
  test.each<[string, unknown]>([
    ["none", undefined],
    ["null", null],
    ["a string", connectionString],
    ["no place", {}],
    ["two places", { connectionString, pool: new pg.Pool() }],
    ["an empty connection string", { connectionString: " " }],
    ["a connection string that is none", { connectionString: "postgres://user:pa ss@host:x/%" }],
    ["a connection string of another type", { connectionString: 5432 }],
    ["a pool that is none", { pool: {} }],
    ["a number of runs below 1", { connectionString, maxRuns: 0 }],
    ["a lease below a second", { connectionString, leaseInSeconds: 0.5 }],
    ["a backoff that is no number", { connectionString, backoffInSeconds: "5" }],
  ])("%s", (_name, options) => {
    const make = (): unknown => postgresInbox(options as PostgresInboxOptions);
    expect(make).toThrow(
      expect.objectContaining({ code: "invalid_option", hint: expect.stringMatching(/./) as string }),
    );
  });

  test("and no error tells the password", () => {
    const make = (): unknown => postgresInbox({ connectionString: "postgres://user:pa ss@host:x/%" });
    try {
      make();
    } catch (error) {
      expect(JSON.stringify(error) + String(error)).not.toContain("pa ss");
      expect(error).not.toHaveProperty("cause");
    }
    expect(make).toThrow();
  });

  test("nothing is opened: a server that is not there is no error yet", async () => {
    await postgresInbox({ connectionString }).close();
  });

  test("a receiver's name that no index takes is refused when it is attached", () => {
    const inbox = postgresInbox({ connectionString });
    expect(() =>
      inbox.attach({ name: "é".repeat(1000), run: async () => ({ succeeded: true }), interrupted: () => {} }),
    ).toThrow(expect.objectContaining({ code: "invalid_option" }));
  });
});
