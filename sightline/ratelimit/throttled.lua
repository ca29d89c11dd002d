-- Lowers an operation's rate after a refusal, unless the last cut has yet to show.
--
-- KEYS[1]  hash: the operation's state (rate.lua); writes rate, mode, changed_at, settled_at
-- ARGV     configured quota, share, 1 where the rate rose too fast

local now = seconds_now()
local fields = redis.call('HMGET', KEYS[1], 'settled_at', 'next_slot')
if now < (tonumber(fields[1]) or 0) then
  return 0
end
local pace = read_pace(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]))
local rate = rate_at(now, pace)
local lowered, mode = rate * CUT, AFTER_CUT
if ARGV[3] == '1' then
  lowered, mode = math.min(rate, pace.full * SLOW_START), AFTER_RAMP
end
-- Slots booked before now still go out at the old rate: their refusals say nothing of the new one.
local settled_at = math.max(now + CUT_EVERY_SECONDS, tonumber(fields[2]) or 0)
redis.call(
  'HSET', KEYS[1], 'rate', text(lowered), 'mode', mode, 'changed_at', text(now), 'settled_at', text(settled_at)
)
return 1
