import { redisScript } from "./script.ts";

/*
 * A space is, besides one string a record: `order` (sorted by a running number, for listing and eviction), `expiry`
 * (sorted by time, since Redis drops the string by itself but not these), `sizes`, and `totals`. Each script leaves them
 * in agreement. SET comes first, because Redis refuses a script for want of memory only before its first write.
 */
const FORGET = `
  local function forget(member)
    local size = redis.call('HGET', KEYS[3], member)
    if size then
      redis.call('HDEL', KEYS[3], member)
      redis.call('HINCRBY', KEYS[4], 'bytes', -tonumber(size))
    end
    redis.call('ZREM', KEYS[1], member)
    redis.call('ZREM', KEYS[2], member)
  end`;

/** Takes away what is expired, then the oldest until the bounds hold; at most \`limit\` of each a call. Gives how many. */
const TRIM = `
  local function trim(prefix, now, max_entries, max_bytes, limit)
    local gone = 0
    for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, limit)) do
      forget(member)
      redis.call('DEL', prefix .. member)
      gone = gone + 1
    end
    for _ = 1, limit do
      local bytes = tonumber(redis.call('HGET', KEYS[4], 'bytes') or '0')
      if redis.call('ZCARD', KEYS[1]) <= max_entries and bytes <= max_bytes then break end
      local oldest = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
      if not oldest then break end
      forget(oldest)
      redis.call('DEL', prefix .. oldest)
      gone = gone + 1
    end
    return gone
  end`;

const STORE = `
  redis.call('SET', ARGV[1] .. ARGV[2], ARGV[3], 'PX', ARGV[4])
  forget(ARGV[2])
  redis.call('ZADD', KEYS[1], redis.call('HINCRBY', KEYS[4], 'seq', 1), ARGV[2])
  redis.call('ZADD', KEYS[2], ARGV[5], ARGV[2])
  redis.call('HSET', KEYS[3], ARGV[2], #ARGV[3])
  redis.call('HINCRBY', KEYS[4], 'bytes', #ARGV[3])`;

/** ARGV: prefix, key, bytes, time to live (ms), expiry, now, most entries, most bytes. */
export const PUT = redisScript(`${FORGET}${TRIM}${STORE}
  return trim(ARGV[1], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]), 16)`);

/** ARGV as of PUT, then whether something is expected ('1' or '0') and what. Gives 1 if it stood there and was replaced. */
export const REPLACE = redisScript(`${FORGET}${TRIM}
  local found = redis.call('GET', ARGV[1] .. ARGV[2])
  if ARGV[9] == '1' then
    if found ~= ARGV[10] then return 0 end
  elseif found then
    return 0
  end
  ${STORE}
  trim(ARGV[1], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]), 16)
  return 1`);

/** ARGV: prefix, key. */
export const DELETE = redisScript(`${FORGET}
  forget(ARGV[2])
  return redis.call('DEL', ARGV[1] .. ARGV[2])`);

/** ARGV: prefix, now, most entries, most bytes, limit. */
export const SWEEP = redisScript(`${FORGET}${TRIM}
  return trim(ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]))`);
