-- Gives a turn its place and its time: the one step in which an order among all nodes comes about.
--
-- KEYS  1 head (hash)    2 turns (stream)
-- ARGV  1 epoch          2 number and 3 nonce of the last turn this node has taken
--       4 nonce of the turn that is handed in
--       5 the node's clock (ms)         6 how far it may be from this one (ms; below 0: it is the clock)
--       7 where the node's journal stands   8 the turn's requests   9 most turns to give back
-- Gives {'taken', number, time, suspect, missed}   it stands there
--       {'seen', missed}     it had been taken before; it is among the missed
--       {'behind', missed}   not taken: the node has to take these first
--       {'cut'}              not taken: the node's past is not this one, or the past is being settled
local head = redis.call('HMGET', KEYS[1], 'epoch', 'index', 'nonce', 'time', 'closed')
if head[1] ~= ARGV[1] or head[5] then
  return {'cut'}
end
local index, known = tonumber(head[2]), tonumber(ARGV[2])
local missed = {}
if known > index or (known == index and head[3] ~= ARGV[3]) then
  return {'cut'}
end
if known < index then
  local first = string.format('%s-%.0f', ARGV[1], known + 1)
  local last = string.format('%s-%.0f', ARGV[1], index)
  missed = redis.call('XRANGE', KEYS[2], first, last, 'COUNT', ARGV[9])
  for _, turn in ipairs(missed) do
    if turn[2][4] == ARGV[4] then
      return {'seen', missed}
    end
  end
  if #missed < index - known then
    return {'behind', missed}
  end
end

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local node, tolerance, suspect = tonumber(ARGV[5]), tonumber(ARGV[6]), '0'
if tolerance < 0 then
  now = node
elseif math.abs(now - node) > tolerance then
  -- One of the two clocks is wrong: the earlier one, and nothing expires by it.
  now, suspect = math.min(now, node), '1'
end
now = string.format('%.0f', math.max(now, tonumber(head[4])))

index = string.format('%.0f', index + 1)
redis.call('XADD', KEYS[2], ARGV[1] .. '-' .. index,
  'p', head[3], 'n', ARGV[4], 't', now, 's', suspect, 'm', ARGV[7], 'b', ARGV[8])
redis.call('HSET', KEYS[1], 'index', index, 'nonce', ARGV[4], 'time', now)
return {'taken', index, now, suspect, missed}
