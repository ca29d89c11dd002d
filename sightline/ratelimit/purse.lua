-- Money for calls, in millionths of a US dollar. Stands before gcra.lua and money.lua, after rate.lua.
--
-- A purse is a field of the operation's hash, one for each feature, lane and UTC day: `purse labels#live 2026-11-28`
--   its value: what is left | ids of the blocks that this is of, with commas | until when one process fetches more |
--   the run of Redis that wrote it
-- Two days' purses are there where clocks differ at midnight. Money comes from DynamoDB alone: a Redis that began again
-- from a file, or from a copy, may hold a purse as it was before calls were paid out of it. So that one counts as empty.

local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')

local function read_purse(value)
  local rest, ids, fetching_until, run = string.match(value or '', '^(%d+)|([^|]*)|([^|]*)|(.*)$')
  if not rest or run ~= run_id then
    return {rest = 0, ids = '', fetching_until = 0, is_ours = false}
  end
  return {rest = tonumber(rest), ids = ids, fetching_until = tonumber(fetching_until) or 0, is_ours = true}
end

local function purse_text(purse)
  return string.format('%.0f|%s|%.6f|%s', purse.rest, purse.ids, purse.fetching_until, run_id)
end
