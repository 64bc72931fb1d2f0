"""A ledger's store in Redis: shared by all instances, on one server or behind a cluster's proxy.

What a change of a room may touch carries one hash tag, the deployment's name and the application, so
that one script writes all of it. What is said is most of the data: it has a tag for each session.
TTLs are garbage collection, never logic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from shared.ledger.engine import LONGEST_LEASE_MS, Change, LastChanges, Seen, Told
from shared.ledger.names import name_document, name_ended, name_room
from shared.ledger.rate_limit import WINDOW_MS
from shared.ledger.redis_scripts import (
    DROP_LEASE,
    FORGET_SENTENCES,
    SAVE_ROOM,
    SAVE_SENTENCE,
    TAKE_LEASE,
    TAKE_SLOT,
)
from shared.ledger.redis_server import Command, Server, script
from shared.room import Room

OLDER_KEPT = 48  # sessions of a room besides those in its document
SLOTS_KEPT_S = 60
LEASE_KEPT_S = 86_400
SHARED = 0  # stands for the application in the tag of what belongs to none


class RedisEngine:
    """Keeps `Engine` under the keys of a Redis database that begin with `{name:`; connects when asked."""

    expires = True
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
        """Nothing: `save` compares instead."""
        return nullcontext()

    def load(self, room: Room, user_id: str) -> Seen:
        """The document of a room, and a user's presence if `user_id` is not ""."""
        commands: list[Command] = [("GET", self._document(room))]
        if user_id:
            commands.append(("HGET", self._people(room.sdk_app_id, name_room(room)), user_id))
        document, presence = (*self._server.ask(*commands), None)[:2]
        return Seen(document or b"", user_id, presence or b"")

    def save(self, room: Room, seen: Seen, change: Change) -> Mapping[str, int] | None:
        """Make a change in one script, if document and presence are still as they were seen."""
        commands = list(self._list_commands(room, seen.user_id, change))
        words = [word for one in commands for word in (len(one), *one)]
        saving = script(SAVE_ROOM, *self._list_keys(room, commands), args=(*seen, *words))
        # Before it: in an application that nobody knows of, nobody would find what is due.
        knowing = ("SADD", self._shared("applications"), room.sdk_app_id)
        *_, counters = self._server.ask(*([knowing] if change.lines else []), saving)
        if counters is None:
            return None
        self._finish(change)
        return {name.decode(): int(count) for name, count in _pair(counters)}

    def load_history(self, room: Room, most: int) -> tuple[bytes, list[bytes]]:
        """A room's document, and at most `most` of the room's older sessions, newest first."""
        document, older = self._server.ask(
            ("GET", self._document(room)),
            ("LRANGE", self._older(room), 0, max(most, 1) - 1),
            atomic=True,
        )
        return document or b"", [raw.partition(b"\n")[2] for raw in older]

    def load_people(
        self, room: Room, owners: Sequence[str]
    ) -> tuple[bytes, list[Mapping[str, bytes]]]:
        """A room's document, and for each owner the presence of all its people, by user."""
        document, *found = self._server.ask(
            ("GET", self._document(room)),
            *(("HGETALL", self._people(room.sdk_app_id, owner)) for owner in owners),
            atomic=True,
        )
        return document or b"", [
            {user.decode(): raw for user, raw in people.items()} for people in found
        ]

    def list_index(self, index: str, until: int, most: int) -> list[tuple[str, int]]:
        """The members of an index, of all applications, with scores up to `until`: the lowest first."""
        (known,) = self._server.ask(("SMEMBERS", self._shared("applications")))
        found = self._server.ask(
            *(
                (
                    *("ZRANGEBYSCORE", self._index(int(sdk_app_id), index), "-inf", until),
                    *("WITHSCORES", "LIMIT", 0, most),
                )
                for sdk_app_id in known
            )
        )
        lines = [(member.decode(), int(score)) for each in found for member, score in _pair(each)]
        return sorted(lines, key=lambda line: line[1])[:most]

    def read_counters(self, sdk_app_id: int) -> Mapping[str, int]:
        """An application's counters by name."""
        (found,) = self._server.ask(("HGETALL", self._counters(sdk_app_id)))
        return {name.decode(): int(count) for name, count in found.items()}

    def take_slot(self, name: str, per_s: int, now_ms: int) -> int:
        """0 when a slot of the sliding window is given, else the ms to wait."""
        args = (per_s, now_ms, WINDOW_MS, SLOTS_KEPT_S)
        (wait_ms,) = self._server.ask(script(TAKE_SLOT, self._shared("slots", name), args=args))
        return int(wait_ms)

    def take_lease(self, name: str, token: str, now_ms: int, lease_ms: int) -> bool:
        """Whether the token now holds the lease: it did, nobody does, or the lease has run out."""
        args = (token, now_ms, now_ms + lease_ms, LONGEST_LEASE_MS, LEASE_KEPT_S)
        (taken,) = self._server.ask(script(TAKE_LEASE, self._shared("lease", name), args=args))
        return bool(taken)

    def drop_lease(self, name: str, token: str) -> None:
        """End a lease that the token holds."""
        self._server.ask(script(DROP_LEASE, self._shared("lease", name), args=(token,)))

    def load_sentence(self, session_id: str, key: str) -> Told:
        """A sentence of a session, and the session's deletion."""
        sentences, _, deletion = self._of_session(session_id)
        raw, raw_deletion = self._server.ask(("HGET", sentences, key), ("GET", deletion))
        return Told(raw or b"", raw_deletion or b"")

    def save_sentence(
        self, session_id: str, key: str, told: Told, sentence: bytes, least: int, keep_s: int
    ) -> bool:
        """Replace a sentence, and number it, if sentence and deletion are still as they were told."""
        args = (key, *told, sentence, least, keep_s)
        (saved,) = self._server.ask(script(SAVE_SENTENCE, *self._of_session(session_id), args=args))
        return bool(saved)

    def list_sentences(self, session_id: str, since: int) -> list[tuple[int, bytes]]:
        """The sentences of a session with a version above `since`, with it, the lowest first."""
        sentences, versions, _ = self._of_session(session_id)
        (found,) = self._server.ask(("ZRANGEBYSCORE", versions, f"({since}", "+inf", "WITHSCORES"))
        if not found:
            return []
        keys = [key for key, _ in _pair(found)]
        (bodies,) = self._server.ask(("HMGET", sentences, *keys))
        return [
            (int(version), raw)
            for (_, version), raw in zip(_pair(found), bodies, strict=True)
            if raw  # else it was deleted meanwhile
        ]

    def read_last_changes(self, session_id: str, most: int) -> LastChanges:
        """The deletion of a session's transcript, and its `most` last sentences."""
        _, versions, deletion = self._of_session(session_id)
        raw, last = self._server.ask(
            ("GET", deletion), ("ZREVRANGE", versions, 0, most - 1, "WITHSCORES"), atomic=True
        )
        return LastChanges(raw or b"", [(key.decode(), int(v)) for key, v in _pair(last)])

    def forget_sentences(
        self, session_id: str, last: LastChanges, deletion: bytes, keep_s: int
    ) -> int | None:
        """Delete a session's sentences, and keep the deletion, if both are still as they were read."""
        newest = last.sentences[0] if last.sentences else ("", "")
        args = (last.deletion, *newest, deletion, keep_s)
        (count,) = self._server.ask(
            script(FORGET_SENTENCES, *self._of_session(session_id), args=args)
        )
        return None if count < 0 else int(count)

    def forget_session(self, session_id: str, owner: str, most: int) -> tuple[int, int]:  # noqa: ARG002
        """Delete what is kept of a session outside its document: all at once, and nobody counts."""
        people = self._people(_find_application(session_id), owner)
        self._server.ask(*(("DEL", key) for key in (people, *self._of_session(session_id))))
        return 0, 0

    def erase_traces(self) -> bool:
        """Nothing is left to erase: what is deleted is gone from the memory at once."""
        return True

    def _list_commands(self, room: Room, user_id: str, change: Change) -> Iterator[Command]:
        """What the script does for a change, in this order.

        An error undoes nothing. So another program's keys are found before anything is written, and
        SET comes first, or HSET: they are refused when the memory is full, which ZREM is not.
        """
        app, document = room.sdk_app_id, self._document(room)
        indexes = {line.index_name for line in change.lines}
        yield "HLEN", self._counters(app)
        yield from (("ZCARD", self._index(app, index_name)) for index_name in indexes)
        yield from (("LLEN", self._older(one.room)) for one in change.older)
        if change.document:
            expiry = () if change.keep_s is None else ("EX", change.keep_s)
            yield "SET", document, change.document, *expiry
        elif change.document is not None:
            yield "DEL", document
        for one in change.older:
            yield "LPUSH", self._older(one.room), one.session_id.encode() + b"\n" + one.body
            yield "EXPIRE", self._older(one.room), change.ended_keep_s
        for owner, heir in change.moves:
            people = self._people(app, owner)
            yield ("RENAME", people, self._people(app, heir)) if heir else ("DEL", people)
        for ended in change.ended:
            yield "EXPIRE", self._people(app, ended.owner), change.ended_keep_s
        if change.presence:
            people = self._people(app, name_room(room))
            yield "HSET", people, user_id, change.presence
            yield "EXPIRE", people, change.people_keep_s
        for index, member, score in change.lines:
            key = self._index(app, index)
            yield ("ZREM", key, member) if score is None else ("ZADD", key, score, member)
        for name, count in change.counts.items():
            yield "HINCRBY", self._counters(app), name, count

    def _list_keys(self, room: Room, commands: Sequence[Command]) -> list[str]:
        """The keys of the script: those that it compares and answers from, and those of its commands."""
        app = room.sdk_app_id
        first = [self._document(room), self._people(app, name_room(room)), self._counters(app)]
        words = {str(word) for command in commands for word in command[1:3]}
        return first + [word for word in words - {*first} if word.startswith(self._tag(app))]

    def _finish(self, change: Change) -> None:
        """Write what follows from a change in other slots: how long what was said is kept."""
        said = [key for one in change.ended for key in self._of_session(one.session_id)]
        self._server.ask(*(("EXPIRE", key, change.ended_keep_s) for key in said))
        for room in {one.room for one in change.older}:
            self._forget_oldest(room)

    def _forget_oldest(self, room: Room) -> None:
        """Delete the sessions that are too many, with all that belongs to them."""
        (raws,) = self._server.ask(("LRANGE", self._older(room), OLDER_KEPT, -1))
        for raw in raws:
            session_id = raw.partition(b"\n")[0].decode()
            self.forget_session(session_id, name_ended(session_id), 0)
            self._server.ask(("LREM", self._older(room), -1, raw))

    def _tag(self, tagged: int | str) -> str:
        return f"{{{self._name}:{tagged}}}:"

    def _document(self, room: Room) -> str:
        return f"{self._tag(room.sdk_app_id)}document:{name_document(room)}"

    def _older(self, room: Room) -> str:
        return f"{self._tag(room.sdk_app_id)}older:{name_room(room)}"

    def _people(self, sdk_app_id: int | str, owner: str) -> str:
        return f"{self._tag(sdk_app_id)}people:{owner}"

    def _index(self, sdk_app_id: int, index: str) -> str:
        return f"{self._tag(sdk_app_id)}index:{index}"

    def _counters(self, sdk_app_id: int) -> str:
        return f"{self._tag(sdk_app_id)}counters"

    def _of_session(self, session_id: str) -> tuple[str, str, str]:
        """Where sentences lie (a hash), their versions (a sorted set), and what is left of deleted ones."""
        tag = self._tag(session_id.replace("/", ":", 1))
        return f"{tag}sentences", f"{tag}versions", f"{tag}deletion"

    def _shared(self, *names: str) -> str:
        return self._tag(SHARED) + ":".join(names)


def _find_application(session_id: str) -> str:
    return session_id.partition("/")[0]


def _pair(flat: Sequence[Any]) -> Iterable[tuple[Any, Any]]:
    """Two and two of what Redis lists in a row."""
    return zip(flat[::2], flat[1::2], strict=True)
