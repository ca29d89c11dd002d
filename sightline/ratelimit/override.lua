-- Sets an operator's own quota, or goes back to the configured one; either restarts at the full rate.
--
-- KEYS[1]  hash: the operation's state (rate.lua); writes quota, by_hand, changed_at, revision; forgets rate, mode,
--          settled_at
-- ARGV     calls a second or empty, reason, revision in the store of overrides (0 without one)

redis.call('HDEL', KEYS[1], 'rate', 'mode', 'settled_at', 'quota', 'by_hand')
redis.call('HSET', KEYS[1], 'changed_at', text(seconds_now()))
if ARGV[3] ~= '0' then
  redis.call('HSET', KEYS[1], 'revision', ARGV[3], 'kept_at', text(seconds_now()))
end
if ARGV[1] ~= '' then
  redis.call('HSET', KEYS[1], 'quota', ARGV[1], 'by_hand', ARGV[2])
end
