-- Tries every command that scripts of this house give, on a key of its own that is gone
-- afterwards. Answers with what the server refused, a sentence each.
local key, refused = KEYS[1], {}

local function try(name, ...)
  local answer = redis.pcall(name, ...)
  if type(answer) == 'table' and answer.err then
    refused[#refused + 1] = name .. ': ' .. answer.err
  end
end

try('TIME')
try('DEL', key)
try('HSET', key, 'a', '1')
try('HGET', key, 'a')
try('HMGET', key, 'a', 'b')
try('HGETALL', key)
try('HEXISTS', key, 'a')
try('DEL', key)
try('XADD', key, '1-1', 'a', '1')
try('XRANGE', key, '-', '+', 'COUNT', 1)
try('XTRIM', key, 'MINID', '1-1')
try('DEL', key)
return refused
