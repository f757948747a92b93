import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { type Adapter, payload, send, signedRequest } from "@diffio-webhooks/contract";
import { ATTACKS, type Attack, type AttackResult } from "./attacks.ts";

/** What one attack did to one adapter. */
export interface AbuseResult extends AttackResult {
  readonly adapter: string;
  readonly attack: string;
  /** How far the server's resident memory went up at its peak, in MB; undefined where it cannot be measured. */
  readonly grownMb: number | undefined;
}

interface AbuseOptions {
  readonly adapters: readonly Adapter[];
  /** Default: all of them. */
  readonly attacks?: readonly Attack[];
  readonly onAttack: (adapter: string, attack: string) => void;
}

/** Runs every attack on every adapter, each in a process of its own, and sees that it still serves afterwards. */
export async function abuse({
  adapters,
  attacks = ATTACKS,
  onAttack,
}: AbuseOptions): Promise<readonly AbuseResult[]> {
  const results: AbuseResult[] = [];
  for (const adapter of adapters) {
    const server = await adapter.start();
    try {
      // Warm, so that what grows is the attack's.
      for (let count = 0; count < 20; count++) await send(server.url, signedRequest(payload()));
      for (const attack of attacks) {
        onAttack(adapter.name, attack.name);
        results.push(await measured(adapter, attack, server));
      }
    } finally {
      await server.close();
    }
  }
  return results;
}

async function measured(
  { name, endsConnections }: Adapter,
  attack: Attack,
  { url, pid }: { url: string; pid?: number },
): Promise<AbuseResult> {
  const memory = pid === undefined ? undefined : watchMemory(pid);
  const result = await attack.run({ origin: url, endsConnections });
  await pause(100);
  const grownMb = memory?.();
  const problems = [...result.problems];
  // What the runtime itself keeps of a connection that it cannot end is not ours to bound.
  if (endsConnections && grownMb !== undefined && grownMb > attack.maxGrownMb) {
    problems.push(`its memory grew by ${grownMb.toFixed(0)} MB, over ${attack.maxGrownMb}`);
  }
  const { status } = await send(url, signedRequest(payload()));
  if (status !== 200) problems.push(`an authentic delivery got ${status} afterwards`);
  return { ...result, adapter: name, attack: attack.name, grownMb, problems };
}

/** Watches the peak of the memory of a process and of those that it has started (Linux only). Returns what reads it. */
function watchMemory(pid: number): () => number | undefined {
  const pids = [pid, ...childrenOf(pid)];
  for (const one of pids) resetPeak(one);
  const before = sum(pids, "VmRSS");
  return () => {
    const peak = sum(pids, "VmHWM");
    return before === undefined || peak === undefined ? undefined : Math.max(0, peak - before);
  };
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** Makes the peak what the memory is now. */
function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
  } catch {
    // The peak stays that of its whole life: still an upper bound.
  }
}

function sum(pids: readonly number[], field: string): number | undefined {
  let total = 0;
  for (const pid of pids) {
    try {
      const [, kilobytes] =
        new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
      total += Number(kilobytes) / 1024;
    } catch {
      return undefined;
    }
  }
  return total;
}
