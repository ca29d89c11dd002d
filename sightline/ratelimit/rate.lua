-- How fast one operation may go now. Stands before each of the other scripts, after the constants of gcra.py.
--
-- One hash for each (account, region, operation), KEYS[1] of every script:
--   born            when this hash came to be; another value later means that Redis has forgotten
--   next_slot       no slot is booked before this time
--   rate, mode      what the rate was lowered to, and why (AFTER_CUT, AFTER_RAMP); absent at full height
--   changed_at      when the rate or the quota last changed; the rate now follows from the time since
--   settled_at      until then a refusal is a consequence of what was booked before the last cut
--   handed_over_at  when room was last left for slots that Redis does not know of
--   quota, by_hand  an operator's own quota and the reason; absent if the configured one holds
--   revision        which change of the store of overrides this is; absent where an older version set it
--   kept_at         when that store was last compared with; absent until then
-- Times are seconds since the epoch by Redis's clock, so that the clocks of the processes do not matter.

local function seconds_now()
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1000000
end

local function text(number)
  return string.format('%.6f', number)
end

local function read_pace(key, configured_quota, share)
  local fields = redis.call('HMGET', key, 'rate', 'mode', 'changed_at', 'quota', 'by_hand')
  local quota = tonumber(fields[4]) or configured_quota
  return {
    rate = tonumber(fields[1]), mode = fields[2], changed_at = tonumber(fields[3]),
    quota = quota, full = quota * share, by_hand = fields[5],
  }
end

local function rate_at(now, pace)
  if not pace.rate then
    return pace.full
  end
  local since = math.max(0, now - pace.changed_at)
  if pace.mode == AFTER_RAMP then
    return math.min(pace.full, pace.rate * 2 ^ math.min(since / DOUBLING_SECONDS, 64))
  end
  return math.min(pace.full, pace.rate + RISE_EACH_SECOND * pace.full * since)
end
