-- Tells an operation's state.
--
-- KEYS[1]  hash: the operation's state (rate.lua); only read
-- ARGV     configured quota, share
-- Returns  {quota in force, rate now, mode or empty, changed_at or empty, 1 where set by hand, the reason}

local now = seconds_now()
local pace = read_pace(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]))
local rate = rate_at(now, pace)
return {
  text(pace.quota), text(rate), rate < pace.full and pace.mode or '',
  pace.changed_at and text(pace.changed_at) or '', pace.by_hand and 1 or 0, pace.by_hand or '',
}
