-- A booking written by hand for one drop, with the checks that any must have: id known, drop open,
-- limit of the customer, units left. What the engine's script is compared with; nothing uses it.
--
-- KEYS 1 ids  2 drop  3 customer's units  4 bookings  5 deadlines  6 events
-- ARGV 1 id  2 customer  3 quantity  4 most of one customer  5 body  6 hold (ms)
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then return {'replayed', known} end
local drop = redis.call('HMGET', KEYS[2], 'open', 'available', 'price')
if drop[1] ~= '1' then return {'drop_closed'} end
local qty = tonumber(ARGV[3])
if tonumber(drop[2]) < qty then return {'sold_out'} end
local has = tonumber(redis.call('HGET', KEYS[3], ARGV[2]) or '0')
if has + qty > tonumber(ARGV[4]) then return {'limit'} end
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local left = redis.call('HINCRBY', KEYS[2], 'available', -qty)
redis.call('HSET', KEYS[3], ARGV[2], has + qty)
redis.call('HSET', KEYS[4], ARGV[1], ARGV[2] .. ' ' .. qty .. ' ' .. drop[3])
redis.call('ZADD', KEYS[5], now + tonumber(ARGV[6]), ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], 'held')
redis.call('XADD', KEYS[6], '*', 'b', ARGV[5], 'left', left)
return {'held', left, now}
