-- Brings the operator's own quota of the store of overrides to Redis, where every process reads it.
--
-- KEYS[1]  hash: the operation's state (rate.lua); writes kept_at, and what override.lua writes if Redis has an older one
-- ARGV     revision as the store has it (0: it has none), calls a second or empty, reason
-- Returns  {} or, where Redis alone has an override, {calls a second, reason}: an older version kept it nowhere else

redis.call('HSET', KEYS[1], 'kept_at', text(seconds_now()))
local fields = redis.call('HMGET', KEYS[1], 'revision', 'quota', 'by_hand')
local kept, here = tonumber(ARGV[1]), tonumber(fields[1]) or 0
if kept == 0 then
  return fields[2] and {fields[2], fields[3] or ''} or {}
end
if kept > here then
  redis.call('HDEL', KEYS[1], 'rate', 'mode', 'settled_at', 'quota', 'by_hand')
  redis.call('HSET', KEYS[1], 'revision', ARGV[1], 'changed_at', text(seconds_now()))
  if ARGV[2] ~= '' then
    redis.call('HSET', KEYS[1], 'quota', ARGV[2], 'by_hand', ARGV[3])
  end
end
return {}
