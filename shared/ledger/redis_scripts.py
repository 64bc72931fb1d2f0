"""The steps that Redis does as one: each touches keys of one slot only, and no command is newer than 6.0.

They are sent with EVAL, not EVALSHA: a few hundred bytes more, and never a second round trip, be it
after a restart or behind a proxy whose nodes do not all know the script.
"""

from __future__ import annotations

# What was read may have changed since: then nothing is written, and the reply is nil; else the counters.
# KEYS document, the room's people, counters, whatever the commands touch; ARGV document as read, a user
# ("": none), the user's presence as read, then commands, each after the number of its words.
SAVE_ROOM = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return false end
if ARGV[2] ~= '' and (redis.call('HGET', KEYS[2], ARGV[2]) or '') ~= ARGV[3] then return false end
local i = 4
while ARGV[i] do
    local last = i + ARGV[i]
    local reply = redis.pcall(unpack(ARGV, i + 1, last))
    local refused = type(reply) == 'table' and reply.err
    -- A session of which nobody was seen has no people that RENAME could move.
    if refused and not string.find(refused, 'no such key', 1, true) then return reply end
    i = last + 1
end
return redis.call('HGETALL', KEYS[3])
"""

# KEYS sentences, versions, deletion; ARGV sentence, as read, deletion as read, sentence as it is to be,
# a version that is less than its own, seconds to keep the transcript.
SAVE_SENTENCE = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if (redis.call('GET', KEYS[3]) or '') ~= ARGV[3] then return 0 end
local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')
local version = string.format('%.0f', (tonumber(last[2]) or ARGV[5]) + 1)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
redis.call('ZADD', KEYS[2], version, ARGV[1])
for i = 1, 3 do redis.call('EXPIRE', KEYS[i], ARGV[6]) end
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

# The same as `rate_limit.take_slot`. KEYS slots; ARGV slots per window, now, window, seconds to keep.
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
