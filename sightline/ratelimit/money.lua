-- Returns money to a purse, and lets the next process fetch more for it.
--
-- KEYS[1]  hash: the operation's state (rate.lua); writes one purse (purse.lua)
-- ARGV     the purse's field, amount
-- Returns  1, or 0 if there is no such purse of this run of Redis: nothing is returned then

local purse = read_purse(redis.call('HGET', KEYS[1], ARGV[1]))
if not purse.is_ours then
  return 0
end
purse.rest, purse.fetching_until = purse.rest + tonumber(ARGV[2]), 0
redis.call('HSET', KEYS[1], ARGV[1], purse_text(purse))
return 1
