-- Forgets turns whose entries are in the ledger. A node that begins takes the ledger's entries up to
-- here, and then the turns.
--
-- KEYS  1 head (hash)    2 turns (stream)
-- ARGV  1 epoch    2 number and 3 nonce of the last turn to forget
--       4 where the journal stands behind it (epoch, number, checksum)
-- Gives how many were forgotten.
local head = redis.call('HMGET', KEYS[1], 'epoch', 'index', 'from_index', 'closed')
if head[1] ~= ARGV[1] or head[4] or tonumber(ARGV[2]) > tonumber(head[2])
    or tonumber(ARGV[2]) <= tonumber(head[3]) then
  return 0
end
redis.call('HSET', KEYS[1], 'from', ARGV[4], 'from_index', ARGV[2], 'from_nonce', ARGV[3])
return redis.call('XTRIM', KEYS[2], 'MINID', string.format('%s-%.0f', ARGV[1], tonumber(ARGV[2]) + 1))
