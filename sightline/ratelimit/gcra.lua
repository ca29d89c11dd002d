-- Books the next slot of an operation, and takes the money for its call from a purse, or returns when to ask again.
--
-- KEYS[1]  hash: the operation's state (rate.lua); reads and writes born, next_slot, handed_over_at, kept_at, and the
--          purse if there is one (purse.lua)
-- KEYS[2]  sorted set: the processes that use the operation, by the time they last asked
-- ARGV     configured quota, share, horizon in seconds, this process,
--          `born` as this process last saw it: empty for a new process, `away` where it has booked without Redis,
--          1 if there is a store of overrides;
--          and where there is a budget: the purse's name, day, price, money to put into it first, ids of its blocks,
--          ids of the blocks that are used up
-- Returns  {1 booked or 0 refused, microseconds to wait, born, processes seen, quota in force,
--           1 if this process is to compare the override with the store}, or {} if it must do so before any slot;
--          with a budget also {1 if money is short and this process is to fetch more, 2 if another one does so, else 0;
--           what is left, ids of its blocks, and of each purse of an earlier day, which is removed: its name, day, rest,
--           ids of its blocks}

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

local purse_name, day, price = ARGV[7], ARGV[8], tonumber(ARGV[9])
local purse_field = price and 'purse ' .. purse_name .. ' ' .. day
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

-- Money that was fetched belongs to the purse, whether a slot is booked or not.
local purse, lapsed = price and read_purse(redis.call('HGET', KEYS[1], purse_field)), {}
local deposit = tonumber(ARGV[10]) or 0
if deposit > 0 then
  local are_used_up = purse.ids == '' or purse.ids == ARGV[12]
  purse.ids = are_used_up and ARGV[11] or purse.ids .. ',' .. ARGV[11]
  purse.rest, purse.fetching_until = purse.rest + deposit, 0
  redis.call('HSET', KEYS[1], purse_field, purse_text(purse))
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    local name, of_day = string.match(field, '^purse (.*) (%d+-%d+-%d+)$')
    if name and of_day < day then
      local old = read_purse(redis.call('HGET', KEYS[1], field))
      redis.call('HDEL', KEYS[1], field)
      for _, each in ipairs({name, of_day, text(old.rest), old.ids}) do
        table.insert(lapsed, each)
      end
    end
  end
end

local slot = math.max(now, next_slot)
local wait = slot - now
local booked = wait <= horizon
local short = 0
if not booked then
  wait = math.max(wait - horizon, horizon / 2)
elseif not price then
  redis.call('HSET', KEYS[1], 'next_slot', text(slot + interval))
elseif purse.rest >= price then
  purse.rest = purse.rest - price
  redis.call('HSET', KEYS[1], 'next_slot', text(slot + interval), purse_field, purse_text(purse))
else
  booked, wait, short = false, ASK_FOR_MONEY_SECONDS, 2
  -- A time that lies too far ahead was written before the clock was set back.
  if now >= purse.fetching_until or purse.fetching_until > now + FETCHING_SECONDS then
    purse.fetching_until, short = now + FETCHING_SECONDS, 1
    redis.call('HSET', KEYS[1], purse_field, purse_text(purse))
  end
end
local answer = {booked and 1 or 0, math.ceil(wait * 1000000), born, processes, text(pace.quota), is_due}
if price then
  for _, each in ipairs({short, text(purse.rest), purse.ids}) do
    table.insert(answer, each)
  end
  for _, each in ipairs(lapsed) do
    table.insert(answer, each)
  end
end
return answer
