"""A ledger's store in Redis: shared by all instances, on one server or behind a cluster's proxy.

A cell is a field of a hash, an index a sorted set. TTLs are garbage collection, never logic. Each script
touches keys of one slot only, and no command is newer than 6.0. Scripts are sent with EVAL, not EVALSHA: a
few hundred bytes more, and never a second round trip, be it after a restart or behind a proxy whose nodes do
not all know the script.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from shared.ledger.engine import WINDOW_MS, Add, Cell, Keep, Move, Number, Put, Score, Scores, Write
from shared.ledger.layout import SHARED
from shared.ledger.redis_server import Command, Server

SLOTS_KEPT_S = 60
APPLICATIONS = "applications"  # a set of the tags in which something may be due

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


class RedisEngine:
    """Keeps `Engine` under the keys of a Redis database that begin with `{name:`; connects when asked."""

    is_exclusive = False

    def __init__(self, url: str, name: str) -> None:
        self.server = Server(url, name)
        self._name = name
        self.place = f"Redis at {self.server.place}"
        self.garbage = (
            f"holds another program's data under {self.server.keys}; name another database"
        )

    def close(self) -> None:
        """Let go of every connection."""
        self.server.close()

    def changing(self) -> AbstractContextManager[None]:
        """Nothing: `swap` compares instead."""
        return nullcontext()

    def read(self, tag: str, cells: Sequence[Cell]) -> list[bytes]:
        """What the cells hold."""
        asked = [
            ("HMGET", self._key(tag, key), *(field for _, field in some))
            for key, some in groupby(cells, key=itemgetter(0))
        ]
        found = chain(*self.server.ask(*asked, atomic=len(asked) > 1))
        return [value or b"" for value in found]

    def list_cells(self, tag: str, keys: Sequence[str]) -> list[Mapping[str, bytes]]:
        """For each key what its cells hold, by field."""
        found = self.server.ask(*(("HGETALL", self._key(tag, key)) for key in keys), atomic=True)
        return [{field.decode(): value for field, value in cells.items()} for cells in found]

    def list_scores(self, tag: str | None, key: str, above: int, until: int, most: int) -> Scores:
        """At most so many members of an index with scores above `above` and up to `until`."""
        tags = [tag] if tag else self._list_applications()
        bounds = (f"({above}", until, "WITHSCORES", "LIMIT", 0, most)
        found = self.server.ask(*(("ZRANGEBYSCORE", self._key(one, key), *bounds) for one in tags))
        return sorted(chain(*map(_pair, found)), key=lambda scored: scored[1])[:most]

    def swap(
        self, tag: str, seen: Mapping[Cell, bytes], writes: Sequence[Write], told: str = ""
    ) -> Scores | None:
        """Write in one script, if the cells still hold what was seen."""
        answer = self._key(tag, told) if told else ""
        args: list[str | bytes | int] = [answer, len(seen)]
        for (key, field), value in seen.items():
            args += (self._key(tag, key), field, value)
        for write in writes:
            command = self._translate(tag, write)
            args += (len(command), *command)
        keys = {arg for arg in args if isinstance(arg, str) and arg.startswith(self._key(tag, ""))}
        # Before it: in an application that nobody knows of, nobody would find what is due.
        knowing = ("SADD", self._key(SHARED, APPLICATIONS), tag)
        is_indexed = told and any(isinstance(write, Score) for write in writes)
        *_, scores = self.server.ask(
            *([knowing] if is_indexed else []), ("EVAL", SWAP, len(keys), *keys, *args)
        )
        return None if scores is None else _pair(scores)

    def drop(self, tag: str, key: str, _most: int) -> int:
        """Delete all of a key's cells: how many it were."""
        count, _ = self.server.ask(("HLEN", self._key(tag, key)), ("UNLINK", self._key(tag, key)))
        return int(count)

    def take_slot(self, name: str, per_s: int, now_ms: int) -> int:
        """0 when a slot of the sliding window is given, else the ms to wait."""
        args = (per_s, now_ms, WINDOW_MS, SLOTS_KEPT_S)
        key = self._key(SHARED, f"slots:{name}")
        (wait_ms,) = self.server.ask(("EVAL", TAKE_SLOT, 1, key, *args))
        return int(wait_ms)

    def erase_traces(self) -> bool:
        """Nothing is left to erase: what is deleted is gone from the memory at once."""
        return True

    def _key(self, tag: str, key: str) -> str:
        return f"{{{self._name}:{tag}}}:{key}"

    def _list_applications(self) -> Iterator[str]:
        (tags,) = self.server.ask(("SMEMBERS", self._key(SHARED, APPLICATIONS)))
        return (tag.decode() for tag in tags)

    def _translate(self, tag: str, write: Write) -> Command:
        """The command that writes this: its first words are its name and its keys."""
        key = self._key(tag, write.cell.key if isinstance(write, Put | Number) else write.key)
        match write:
            case Put(cell, value):
                return ("HSET", key, cell.field, value) if value else ("HDEL", key, cell.field)
            case Move(_, heir):
                return ("RENAME", key, self._key(tag, heir)) if heir else ("DEL", key)
            case Score(_, member, score):
                return ("ZREM", key, member) if score is None else ("ZADD", key, score, member)
            case Add(_, member, more):
                return "ZINCRBY", key, more, member
            case Number(cell, index, member):
                return "NUMBER", key, cell.field, self._key(tag, index), member
            case Keep(_, keep_s):
                return "EXPIRE", key, keep_s


def _pair(flat: Sequence[Any]) -> list[tuple[str, int]]:
    """Members with their scores, as Redis lists them in a row."""
    return [(name.decode(), int(score)) for name, score in zip(flat[::2], flat[1::2], strict=True)]
