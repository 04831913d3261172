-- Says how far this node has come, after the past was found cut; nothing is taken meanwhile. When
-- every node has had time to say so, the one that has come furthest opens the next epoch.
--
-- KEYS  1 head (hash)    2 claims (hash)
-- ARGV  1 the epoch this node knows     2 the node
--       3 rank: 2 its past has what stands here, 1 it cannot say, 0 it contradicts it
--       4 epoch and 5 number of its last entry      6 how long claims are gathered (ms)
--       7 how long the chosen one may take (ms)
-- Gives {'opened'}             there is a later epoch
--       {'wait', ms}           look again after that
--       {'open', epoch, number}   this node opens; the shortest journal that claimed stands there
local head = redis.call('HMGET', KEYS[1], 'epoch', 'closed')
if head[1] and tonumber(head[1]) > tonumber(ARGV[1]) then
  return {'opened'}
end
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local since = tonumber(redis.call('HGET', KEYS[2], 'since') or '0')
local window, patience = tonumber(ARGV[6]), tonumber(ARGV[7])
if since == 0 or now > since + window + patience or now < since then
  redis.call('DEL', KEYS[2])
  since = now
  redis.call('HSET', KEYS[2], 'since', string.format('%.0f', now))
end
redis.call('HSET', KEYS[1], 'closed', string.format('%.0f', since))
redis.call('HSET', KEYS[2], 'node:' .. ARGV[2], ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. ARGV[5])
if now < since + window then
  return {'wait', math.max(10, since + window - now)}
end

local claims = redis.call('HGETALL', KEYS[2])
local best, far, low
for i = 1, #claims, 2 do
  local rank, epoch, seq = string.match(claims[i + 1], '^(%d+) (%d+) (%d+)$')
  if rank then
    local at = {tonumber(rank), tonumber(epoch), tonumber(seq), claims[i]}
    local function less(a, b, from)
      for k = from, 4 do
        if a[k] ~= b[k] then return a[k] < b[k] end
      end
      return false
    end
    if not far or less(far, at, 1) then far, best = at, claims[i] end
    if not low or less(at, low, 2) then low = at end
  end
end
if best == 'node:' .. ARGV[2] then
  redis.call('HSET', KEYS[2], 'chosen', ARGV[2])
  return {'open', string.format('%.0f', low[2]), string.format('%.0f', low[3])}
end
return {'wait', 50}
