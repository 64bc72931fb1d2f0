"""The steps that Redis does as one: each touches keys of one slot only, and no command is newer than 6.0.

They are sent with EVAL, not EVALSHA: a few hundred bytes more, and never a second round trip, be it
after a restart or behind a proxy whose nodes do not all know the script.
"""

from __future__ import annotations

# What was read may have changed since: then nothing is written, and the reply is nil. An error undoes
# nothing: so another program's keys are found before anything is written.
# KEYS whatever the words below name; ARGV the sorted set that is the answer ("": none), how many
# fields of hashes are compared, for each key, field and value; then commands, each after the number
# of its words.
SWAP = """
local first = 3 + 3 * ARGV[2]
for i = 3, first - 1, 3 do
    if (redis.call('HGET', ARGV[i], ARGV[i + 1]) or '') ~= ARGV[i + 2] then return false end
end
local looks = {H = 'HLEN', Z = 'ZCARD', N = 'HLEN'}
local i = first
while ARGV[i] do
    local look = looks[string.sub(ARGV[i + 1], 1, 1)]
    if look then redis.call(look, ARGV[i + 2]) end
    i = i + 1 + ARGV[i]
end
if ARGV[1] ~= '' then redis.call('ZCARD', ARGV[1]) end
i = first
while ARGV[i] do
    local last = i + ARGV[i]
    if ARGV[i + 1] == 'NUMBER' then
        local number = redis.call('HINCRBY', ARGV[i + 2], ARGV[i + 3], 1)
        redis.call('ZADD', ARGV[i + 4], number, ARGV[i + 5])
    elseif ARGV[i + 1] ~= 'RENAME' or redis.call('EXISTS', ARGV[i + 2]) == 1 then
        redis.call(unpack(ARGV, i + 1, last))
    end
    i = last + 1
end
if ARGV[1] == '' then return {} end
return redis.call('ZRANGE', ARGV[1], 0, -1, 'WITHSCORES')
"""

# The same as `SqliteEngine.take_slot`. KEYS slots; ARGV slots per window, now, window, seconds to keep.
TAKE_SLOT = """
local now, window = tonumber(ARGV[2]), tonumber(ARGV[3])
local newest = tonumber(redis.call('LINDEX', KEYS[1], 0) or now)
if newest > now + window then
    redis.call('DEL', KEYS[1])
    newest = now
end
local at = math.max(now, newest)
local oldest = tonumber(redis.call('LINDEX', KEYS[1], ARGV[1] - 1) or at - window)
if at < oldest + window then return oldest + window - now end
redis.call('LPUSH', KEYS[1], string.format('%.0f', at))
redis.call('LTRIM', KEYS[1], 0, ARGV[1] - 1)
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 0
"""
