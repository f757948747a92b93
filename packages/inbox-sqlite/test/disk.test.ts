import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { folder, message, newPath, open, refusal, unavailable } from "./support/inboxes.ts";

const isRoot = process.getuid?.() === 0;
const large = (): ReturnType<typeof message> => message({ rawBody: new Uint8Array(20_000) });

/** A disk of so many kilobytes; undefined where none can be mounted. */
function smallDisk(kilobytes: number): string | undefined {
  const path = join(folder(), "disk");
  mkdirSync(path);
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", path]);
  if (status !== 0) return undefined;
  onTestFinished(() => void execFileSync("umount", ["--lazy", path]));
  return path;
}

describe("a disk that is full", () => {
  test.skipIf(!isRoot)(
    "(by a small one): nothing is lost, and it goes on when there is room",
    async (context) => {
      const disk = smallDisk(512);
      if (disk === undefined) return context.skip("no disk can be mounted here");
      const inbox = open(join(disk, "inbox.db"));
      const accepted: string[] = [];
      let error: unknown = "accepted";
      while (error === "accepted") {
        const one = large();
        error = await refusal(inbox, one);
        if (error === "accepted") accepted.push(one.messageId);
      }
      expect(error).toEqual(unavailable(/is full: make room/));
      expect(accepted.length).toBeGreaterThan(0);
      expect(await inbox.counts()).toMatchObject({ pending: accepted.length });
      for (const messageId of accepted)
        expect(await inbox.accept(message({ messageId }))).toMatchObject({ duplicate: true });

      execFileSync("mount", ["-o", "remount,size=8m", disk]);
      expect(await refusal(inbox, large())).toBe("accepted");
      expect(await inbox.counts()).toMatchObject({ pending: accepted.length + 1 });
    },
  );

  test("(by a limit on file sizes): a clear error, no crash, and nothing is lost", () => {
    const path = newPath();
    const script = join(import.meta.dirname, "support/fill.ts");
    const { stdout, stderr, status } = spawnSync(
      "sh",
      ["-c", 'ulimit -f 300; exec "$0" "$@"', process.execPath, script, path],
      { encoding: "utf8" },
    );
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    const { accepted, pending, code, hint } = JSON.parse(stdout) as Record<string, unknown>;
    expect({ code, hint, pending }).toEqual({
      code: "inbox_unavailable",
      hint: expect.stringMatching(/ulimit -f/) as string,
      pending: accepted,
    });
    expect(accepted).toBeGreaterThan(0);
  });
});

describe("a disk that cannot be written to", () => {
  test.skipIf(!isRoot)("(mounted to be read): a hint, and it goes on when it can be", async (context) => {
    const disk = smallDisk(4096);
    if (disk === undefined) return context.skip("no disk can be mounted here");
    const path = join(disk, "inbox.db");
    const before = open(path);
    await before.accept(message());
    await before.close();
    execFileSync("mount", ["-o", "remount,ro", disk]);
    const inbox = open(path);
    expect(await refusal(inbox)).toEqual(unavailable(/must be able to write/));
    execFileSync("mount", ["-o", "remount,rw", disk]);
    expect(await refusal(inbox)).toBe("accepted");
    expect(await inbox.counts()).toMatchObject({ pending: 2 });
  });

  test.skipIf(isRoot)("(by its mode): a hint, and it goes on when it can be", async () => {
    const path = newPath();
    const before = open(path);
    await before.accept(message());
    await before.close();
    chmodSync(path, 0o400);
    const inbox = open(path);
    expect(await refusal(inbox)).toEqual(unavailable(/must be able to write/));
    chmodSync(path, 0o600);
    expect(await refusal(inbox)).toBe("accepted");
  });
});
