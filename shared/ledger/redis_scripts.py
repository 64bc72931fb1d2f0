"""The steps that Redis does as one: each touches keys of one slot only, and no command is newer than 6.0.

They are sent with EVAL, not EVALSHA: a few hundred bytes more, and never a second round trip, be it
after a restart or behind a proxy whose nodes do not all know the script.
"""

from __future__ import annotations

# A room's book, or its twin's, may have changed since it was read: then nothing is written. An error
# undoes nothing: the first three calls find another program's data before anything is written, and
# SET is refused when the memory is full, which ZREM is not.
# KEYS book, older, agenda, living, twin (a numeric room's only); ARGV book as read, as it is to be,
# seconds to keep it ("": for ever), the twin's book as read, room, the ms at which it must be
# looked at ("": never), tasks that begin to live and that no longer do (JSON), seconds to keep older
# sessions, sessions that leave the book.
SAVE_BOOK = """
redis.call('LLEN', KEYS[2])
redis.call('ZCARD', KEYS[3])
redis.call('SCARD', KEYS[4])
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
if KEYS[5] and (redis.call('GET', KEYS[5]) or '') ~= ARGV[4] then return 0 end
if ARGV[3] == '' then
    redis.call('SET', KEYS[1], ARGV[2])
else
    redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
if ARGV[6] == '' then
    redis.call('ZREM', KEYS[3], ARGV[5])
else
    redis.call('ZADD', KEYS[3], ARGV[6], ARGV[5])
end
for _, task in ipairs(cjson.decode(ARGV[7])) do redis.call('SADD', KEYS[4], task) end
for _, task in ipairs(cjson.decode(ARGV[8])) do redis.call('SREM', KEYS[4], task) end
for i = 10, #ARGV do
    redis.call('LPUSH', KEYS[2], ARGV[i])
    redis.call('EXPIRE', KEYS[2], ARGV[9])
end
return 1
"""

# KEYS people; ARGV user, presence as read, as it is to be, seconds to keep the session's people.
SAVE_PRESENCE = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""

# KEYS sentences, versions, deletion; ARGV sentence, as read, as it is to be, seconds to keep the
# transcript, deletion as read, its version.
SAVE_SENTENCE = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if (redis.call('GET', KEYS[3]) or '') ~= ARGV[5] then return 0 end
local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')
local version = string.format('%.0f', (tonumber(last[2]) or ARGV[6]) + 1)
redis.call('HSET', KEYS[1], ARGV[1], version .. ':' .. ARGV[3])
redis.call('ZADD', KEYS[2], version, ARGV[1])
for i = 1, 3 do redis.call('EXPIRE', KEYS[i], ARGV[4]) end
return 1
"""

# KEYS sentences, versions, deletion; ARGV deletion as read, the last sentence as read with its
# version (or not), deletion as it is to be, seconds to keep that. The reply is how many there were.
FORGET_SENTENCES = """
if (redis.call('GET', KEYS[3]) or '') ~= ARGV[1] then return -1 end
local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if (last[1] or '') ~= ARGV[2] or (last[2] or '') ~= ARGV[3] then return -1 end
local count = redis.call('HLEN', KEYS[1])
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('SET', KEYS[3], ARGV[4], 'EX', ARGV[5])
return count
"""

# The same as `slots.take_slot`. KEYS slots; ARGV slots per window, now, window, seconds to keep.
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

# KEYS lease; ARGV token, now, until when, longest lease, seconds to keep.
TAKE_LEASE = """
local lease = redis.call('HMGET', KEYS[1], 'token', 'until_ms')
if lease[1] and lease[1] ~= ARGV[1] then
    local left = tonumber(lease[2]) - tonumber(ARGV[2])
    if left > 0 and left <= tonumber(ARGV[4]) then return 0 end
end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'until_ms', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
"""

# KEYS lease; ARGV token.
DROP_LEASE = """
if redis.call('HGET', KEYS[1], 'token') == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""
