-- Opens an epoch: the chosen node's past is everybody's, and what it had that others may lack goes
-- first.
--
-- KEYS  1 head (hash)    2 turns (stream)    3 claims (hash)
-- ARGV  1 the epoch before      2 the epoch      3 the node
--       4 nonce that stands before the first turn      5 the node's last time (ms)
--       6 where the entries begin that go first (epoch, number, checksum)
--       7… nonce and body of each turn of entries
-- Gives {'opened'} or {'late'}, when another node was chosen meanwhile.
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if (epoch and tonumber(epoch) > tonumber(ARGV[1]))
    or redis.call('HGET', KEYS[3], 'chosen') ~= ARGV[3] then
  return {'late'}
end
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local told = tonumber(redis.call('HGET', KEYS[1], 'time') or '0')
local time = string.format('%.0f', math.max(told, tonumber(ARGV[5])))
local nonce, index = ARGV[4], 0
for i = 7, #ARGV, 2 do
  index = index + 1
  redis.call('XADD', KEYS[2], ARGV[2] .. '-' .. string.format('%.0f', index),
    'p', nonce, 'n', ARGV[i], 't', time, 's', '0', 'm', '', 'b', ARGV[i + 1])
  nonce = ARGV[i]
end
redis.call('DEL', KEYS[1], KEYS[3])
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'index', string.format('%.0f', index),
  'nonce', nonce, 'time', time, 'opened', string.format('%.0f', now),
  'from', ARGV[6], 'from_index', '0', 'from_nonce', ARGV[4])
return {'opened'}
