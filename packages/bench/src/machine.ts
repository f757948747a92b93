import { readFileSync } from "node:fs";
import { arch, cpus, platform } from "node:os";

/** What a run was made on: enough to judge the numbers, and nothing that names the machine. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly system: string;
  readonly node: string;
  /** Whether the processor has instructions for SHA-256; undefined where it does not tell. */
  readonly sha: boolean | undefined;
}

/** Describes the machine that this runs on. */
export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    system: `${platform()} ${arch()}`,
    node: process.versions.node,
    sha: hasShaInstructions(),
  };
}

/** A machine in words. */
export function machineText({ cpu, cores, system, node, sha }: Machine): string {
  const instructions = sha === undefined ? [] : [sha ? "with SHA instructions" : "without SHA instructions"];
  return [cpu, ...instructions, `${cores} cores`, system, `Node ${node}`].join(", ");
}

/** `sha_ni` on x86, `sha2` on ARM. */
function hasShaInstructions(): boolean | undefined {
  if (platform() !== "linux") return undefined;
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1];
  return flags === undefined ? undefined : /\s(?:sha_ni|sha2)(?:\s|$)/.test(flags);
}
