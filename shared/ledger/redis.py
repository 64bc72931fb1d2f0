"""A ledger's store in Redis: shared by all instances, on one server or behind a cluster's proxy.

A cell is a field of a hash, an index a sorted set. TTLs are garbage collection, never logic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from shared.ledger.engine import WINDOW_MS, Add, Cell, Keep, Move, Number, Put, Score, Scores, Write
from shared.ledger.layout import SHARED
from shared.ledger.redis_scripts import SWAP, TAKE_SLOT
from shared.ledger.redis_server import Command, Server, script

SLOTS_KEPT_S = 60
APPLICATIONS = "applications"  # a set of the tags in which something may be due


class RedisEngine:
    """Keeps `Engine` under the keys of a Redis database that begin with `{name:`; connects when asked."""

    is_exclusive = False

    def __init__(self, url: str, name: str) -> None:
        self._server = Server(url, name)
        self._name = name
        self.place = f"Redis at {self._server.place}"
        self.garbage = (
            f"holds another program's data under {self._server.keys}; name another database"
        )

    def close(self) -> None:
        """Let go of every connection."""
        self._server.close()

    def changing(self) -> AbstractContextManager[None]:
        """Nothing: `swap` compares instead."""
        return nullcontext()

    def read(self, tag: str, cells: Sequence[Cell]) -> list[bytes]:
        """What the cells hold."""
        asked = [
            ("HMGET", self._key(tag, key), *(field for _, field in some))
            for key, some in groupby(cells, key=itemgetter(0))
        ]
        found = chain(*self._server.ask(*asked, atomic=len(asked) > 1))
        return [value or b"" for value in found]

    def list_cells(self, tag: str, keys: Sequence[str]) -> list[Mapping[str, bytes]]:
        """For each key what its cells hold, by field."""
        found = self._server.ask(*(("HGETALL", self._key(tag, key)) for key in keys), atomic=True)
        return [{field.decode(): value for field, value in cells.items()} for cells in found]

    def list_scores(self, tag: str | None, key: str, above: int, until: int, most: int) -> Scores:
        """At most so many members of an index with scores above `above` and up to `until`."""
        tags = [tag] if tag else self._list_applications()
        bounds = (f"({above}", until, "WITHSCORES", "LIMIT", 0, most)
        found = self._server.ask(*(("ZRANGEBYSCORE", self._key(one, key), *bounds) for one in tags))
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
        *_, scores = self._server.ask(
            *([knowing] if is_indexed else []), script(SWAP, *keys, args=(*args,))
        )
        return None if scores is None else _pair(scores)

    def drop(self, tag: str, key: str, _most: int) -> int:
        """Delete all of a key's cells: how many it were."""
        count, _ = self._server.ask(("HLEN", self._key(tag, key)), ("UNLINK", self._key(tag, key)))
        return int(count)

    def take_slot(self, name: str, per_s: int, now_ms: int) -> int:
        """0 when a slot of the sliding window is given, else the ms to wait."""
        args = (per_s, now_ms, WINDOW_MS, SLOTS_KEPT_S)
        key = self._key(SHARED, f"slots:{name}")
        (wait_ms,) = self._server.ask(script(TAKE_SLOT, key, args=args))
        return int(wait_ms)

    def erase_traces(self) -> bool:
        """Nothing is left to erase: what is deleted is gone from the memory at once."""
        return True

    def _key(self, tag: str, key: str) -> str:
        return f"{{{self._name}:{tag}}}:{key}"

    def _list_applications(self) -> Iterator[str]:
        (tags,) = self._server.ask(("SMEMBERS", self._key(SHARED, APPLICATIONS)))
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
