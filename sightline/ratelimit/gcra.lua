-- Books the next slot of an operation, or returns when to ask again.
--
-- KEYS[1]  hash: the operation's state (rate.lua); reads and writes born, next_slot, handed_over_at, kept_at
-- KEYS[2]  sorted set: the processes that use the operation, by the time they last asked
-- ARGV     configured quota, share, horizon in seconds, this process,
--          `born` as this process last saw it: empty for a new process, `away` where it has booked without Redis,
--          1 if there is a store of overrides
-- Returns  {1 booked or 0 refused, microseconds to wait, born, processes seen, quota in force,
--           1 if this process is to compare the override with the store}, or {} if it must do so before any slot

local now = seconds_now()
local is_due = 0
if ARGV[6] == '1' then
  local kept_at = tonumber(redis.call('HGET', KEYS[1], 'kept_at'))
  if not kept_at then
    return {}
  end
  if now - kept_at > COMPARE_EVERY_SECONDS or kept_at > now then
    redis.call('HSET', KEYS[1], 'kept_at', text(now))
    is_due = 1
  end
end
local pace = read_pace(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]))
local interval = 1 / rate_at(now, pace)
local horizon = tonumber(ARGV[3])
local process, known = ARGV[4], ARGV[5]

redis.call('ZADD', KEYS[2], text(now), process)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now - PROCESS_SEEN_SECONDS))
local processes = redis.call('ZCARD', KEYS[2])

local fields = redis.call('HMGET', KEYS[1], 'born', 'next_slot', 'handed_over_at')
local born = fields[1]
if not born then
  born = text(now)
  redis.call('HSET', KEYS[1], 'born', born)
end

-- No honest booking reaches further: a clock set back, or a rate that was very low, must not stop the calls for long.
-- It is kept, even if this request is refused: a bound recomputed each time would move with the clock.
local next_slot = tonumber(fields[2]) or 0
local furthest = now + MAX_HORIZON_SECONDS + interval
if next_slot > furthest then
  next_slot = furthest
  redis.call('HSET', KEYS[1], 'next_slot', text(next_slot))
end

-- Redis forgot, or was away: slots that it does not know of may lie up to the longest horizon ahead, here and in other
-- processes. Room is left for them once for all, and not often, so that one bad connection cannot stop everybody.
if known ~= '' and known ~= born and now - (tonumber(fields[3]) or 0) >= HANDOVER_EVERY_SECONDS then
  next_slot = math.max(next_slot, now + MAX_HORIZON_SECONDS)
  redis.call('HSET', KEYS[1], 'handed_over_at', text(now), 'next_slot', text(next_slot))
end

local slot = math.max(now, next_slot)
local wait = slot - now
local booked = wait <= horizon
if booked then
  redis.call('HSET', KEYS[1], 'next_slot', text(slot + interval))
else
  wait = math.max(wait - horizon, horizon / 2)
end
return {booked and 1 or 0, math.ceil(wait * 1000000), born, processes, text(pace.quota), is_due}
