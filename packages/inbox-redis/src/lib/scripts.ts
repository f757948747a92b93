import type { Redis } from "ioredis";

type ScriptName =
  | "diffioAddDead"
  | "diffioRenewDead"
  | "diffioDiscard"
  | "diffioPruneBodies"
  | "diffioForgetDiscarded"
  | "diffioOldestPending"
  | "diffioRenewLease";

/**
 * What BullMQ has no operation for. All but the lease's is about jobs that no worker touches: those in the sets of
 * failed, completed and (ours) discarded ones.
 */
const SCRIPTS: Record<ScriptName, { numberOfKeys: number; lua: string }> = {
  /** Adds a job as failed. KEYS: job, failed. ARGV: job id, now, and the fields of the job. Returns whether it did. */
  diffioAddDead: {
    numberOfKeys: 2,
    lua: `
      if redis.call("EXISTS", KEYS[1]) == 1 then return 0 end
      redis.call("HSET", KEYS[1], unpack(ARGV, 3))
      redis.call("ZADD", KEYS[2], ARGV[2], ARGV[1])
      return 1`,
  },
  /**
   * Makes a failed job new: forgets runs that died with their process, and takes other fields. KEYS: job, failed.
   * ARGV: job id, and the fields. Returns whether it was failed.
   */
  diffioRenewDead: {
    numberOfKeys: 2,
    lua: `
      if not redis.call("ZSCORE", KEYS[2], ARGV[1]) then return 0 end
      redis.call("HDEL", KEYS[1], "stc", "progress")
      if #ARGV > 1 then redis.call("HSET", KEYS[1], unpack(ARGV, 2)) end
      return 1`,
  },
  /** Gives a failed job up. KEYS: failed, discarded. ARGV: job id, now. Returns whether it was failed. */
  diffioDiscard: {
    numberOfKeys: 2,
    lua: `
      if redis.call("ZREM", KEYS[1], ARGV[1]) == 0 then return 0 end
      redis.call("ZADD", KEYS[2], ARGV[2], ARGV[1])
      return 1`,
  },
  /**
   * Empties jobs that ended by a time, going on where it last ended. KEYS: set, how far it came. ARGV: prefix of
   * jobs, time, how many at most (more where they ended in the same millisecond). Returns how many. Made anew, since
   * Redis keeps small hashes in a third of the memory, but only those that never were large.
   */
  diffioPruneBodies: {
    numberOfKeys: 2,
    lua: `
      local from = redis.call("GET", KEYS[2])
      local found = redis.call("ZRANGEBYSCORE", KEYS[1], from and "(" .. from or "-inf", ARGV[2],
        "WITHSCORES", "LIMIT", 0, ARGV[3])
      if #found == 0 then return 0 end
      local last = found[#found]
      local ids = redis.call("ZRANGEBYSCORE", KEYS[1], from and "(" .. from or "-inf", last)
      for _, id in ipairs(ids) do
        local job = ARGV[1] .. id
        local kept = redis.call("HMGET", job, "name", "timestamp", "finishedOn")
        if kept[2] then
          redis.call("DEL", job)
          redis.call("HSET", job, "name", kept[1], "data", "{}", "opts", "{}",
            "timestamp", kept[2], "finishedOn", kept[3])
        end
      end
      redis.call("SET", KEYS[2], last)
      return #ids`,
  },
  /** Forgets discarded jobs. KEYS: discarded. ARGV: prefix of jobs, time, how many at most. Returns how many. */
  diffioForgetDiscarded: {
    numberOfKeys: 1,
    lua: `
      local ids = redis.call("ZRANGEBYSCORE", KEYS[1], "-inf", ARGV[2], "LIMIT", 0, ARGV[3])
      for _, id in ipairs(ids) do
        redis.call("DEL", ARGV[1] .. id)
        redis.call("ZREM", KEYS[1], id)
      end
      return #ids`,
  },
  /**
   * When the oldest pending job was received. KEYS: wait, delayed. ARGV: prefix of jobs, how many of each to look
   * at. Returns milliseconds, or 0.
   */
  diffioOldestPending: {
    numberOfKeys: 2,
    lua: `
      local oldest
      local function look(ids)
        for _, id in ipairs(ids) do
          local received = tonumber(redis.call("HGET", ARGV[1] .. id, "timestamp"))
          if received and (not oldest or received < oldest) then oldest = received end
        end
      end
      look(redis.call("LRANGE", KEYS[1], -tonumber(ARGV[2]), -1))
      look(redis.call("ZRANGE", KEYS[2], 0, tonumber(ARGV[2]) - 1))
      return string.format("%.0f", oldest or 0)`,
  },
  /**
   * Renews the lock of a run, and sets it again if it ran out and nobody has taken the job since. KEYS: lock, stalled,
   * job. ARGV: token, milliseconds, job id, and how often it had been started and had stalled when the run began.
   * Returns whether the run holds the lock.
   */
  diffioRenewLease: {
    numberOfKeys: 3,
    lua: `
      local holder = redis.call("GET", KEYS[1])
      if holder and holder ~= ARGV[1] then return 0 end
      if not holder then
        local now = redis.call("HMGET", KEYS[3], "ats", "stc")
        if (now[1] or "0") ~= ARGV[4] or (now[2] or "0") ~= ARGV[5] then return 0 end
      end
      redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
      redis.call("SREM", KEYS[2], ARGV[3])
      return 1`,
  },
};

/** Teaches a client the scripts. */
export function defineScripts(client: Redis): void {
  for (const [name, script] of Object.entries(SCRIPTS)) client.defineCommand(name, script);
}

/** Runs a script. */
export async function runScript(
  client: Redis,
  name: ScriptName,
  ...args: readonly (string | number)[]
): Promise<number> {
  const defined = client as unknown as Record<
    string,
    (...args: readonly (string | number)[]) => Promise<unknown>
  >;
  return Number(await defined[name]?.(...args));
}
