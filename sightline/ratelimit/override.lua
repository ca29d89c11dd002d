-- Sets an operator's own quota, or goes back to the configured one; either restarts at the full rate.
--
-- KEYS[1]  hash: the operation's state (rate.lua); writes quota, by_hand, changed_at; forgets rate, mode, settled_at
-- ARGV     calls a second or empty, reason

redis.call('HDEL', KEYS[1], 'rate', 'mode', 'settled_at', 'quota', 'by_hand')
redis.call('HSET', KEYS[1], 'changed_at', text(seconds_now()))
if ARGV[1] ~= '' then
  redis.call('HSET', KEYS[1], 'quota', ARGV[1], 'by_hand', ARGV[2])
end
