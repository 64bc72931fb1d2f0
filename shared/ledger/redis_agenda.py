"""Which rooms are due and which tasks live, in Redis: kept beside the books, mended from them.

In a cluster these lie in other slots than the books, so nothing writes both as one. A room's look is
brought forward before its book is written, and put off only after: whoever dies in between leaves a
room that is looked at too early. Only `forget` takes a room out, and then reads its book again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice

from shared.ledger import agenda
from shared.ledger.book import RoomBook
from shared.ledger.records import Room
from shared.ledger.redis_book import Page, list_living, load_book
from shared.ledger.redis_keys import (
    AGENDA,
    BOOK_PATTERN,
    LIVING_PATTERN,
    name_room,
    parse_book_key,
    parse_living,
    parse_room,
    room_key,
    shared_key,
)
from shared.ledger.redis_scripts import LOOK_BY, REPLACE_LOOK
from shared.ledger.redis_server import Command, Server, script

BATCH = 200  # books in one round trip of a rebuild


def bring_forward(book: RoomBook) -> list[Command]:
    """What must be written before a book: its look, if that is sooner than what stands there."""
    look_ms = agenda.find_next_look(book)
    if look_ms is None:
        return []
    return [script(LOOK_BY, AGENDA, args=(name_room(book.room), look_ms))]


def put_off(page: Page) -> list[Command]:
    """What must be written after a book: its look, if what stands there is what was read, and sooner."""
    look_ms, seen_ms = agenda.find_next_look(page.book), page.seen_ms
    if look_ms is None or seen_ms is None or seen_ms >= look_ms:
        return []
    return [_replace(page.book.room, seen_ms, look_ms)]


def settle(book: RoomBook, suspects: set[str]) -> list[Command]:
    """What must be written after a book: which of the suspects live."""
    key, living = shared_key("living", book.room.sdk_app_id), list_living(book)
    commands: list[Command] = []
    if begun := sorted(suspects & living):
        commands.append(("SADD", key, *begun))
    if ended := sorted(suspects - living):
        commands.append(("SREM", key, *ended))
    return commands


def forget(server: Server, room: Room) -> None:
    """Make a room's look what its book says, and take the room out if that is: nothing, ever."""
    _mend_looks(server, [room])


def rebuild(server: Server) -> int:
    """Mend every look and every living task from the books; how many books there are."""
    marked = {member for key in _scan(server, LIVING_PATTERN) for member in _members(server, key)}
    backed: set[str] = set()
    count = 0
    # What a scan says twice is counted once; an agenda's room may have no book any more.
    keys = dict.fromkeys(_scan(server, BOOK_PATTERN))
    books = [room for key in keys if (room := parse_book_key(key))]
    for rooms in _split(books):
        for book in _mend_looks(server, rooms):
            backed |= list_living(book)
            count += 1
    for rooms in _split(set(_list_agenda(server)) - set(books)):
        _mend_looks(server, rooms)
    _mend_living(server, marked ^ backed)
    return count


def _mend_looks(server: Server, rooms: list[Room]) -> list[RoomBook]:
    """Write these rooms' looks exactly, unless somebody else did since they were read."""
    # The looks are read before the books: see `load_commands`.
    scores = server.ask(*(("ZSCORE", AGENDA, name_room(room)) for room in rooms))
    books = _load_books(server, rooms)
    gone: list[Room] = []
    commands: list[Command] = []
    for book, score in zip(books, scores, strict=True):
        seen_ms, look_ms = None if score is None else int(score), agenda.find_next_look(book)
        if seen_ms == look_ms:
            continue
        commands.append(_replace(book.room, seen_ms, look_ms))
        if look_ms is None:
            gone.append(book.room)
    server.ask(*commands)
    # What has become due again since the book was read comes back.
    server.ask(*(put for book in _load_books(server, gone) for put in bring_forward(book)))
    return books


def _replace(room: Room, seen_ms: int | None, look_ms: int | None) -> Command:
    looks = ("" if ms is None else ms for ms in (seen_ms, look_ms))
    return script(REPLACE_LOOK, AGENDA, args=(name_room(room), *looks))


def _mend_living(server: Server, suspects: set[str]) -> None:
    by_room: dict[Room, set[str]] = defaultdict(set)
    for member in suspects:
        by_room[parse_living(member)].add(member)
    for rooms in _split(by_room):
        books = _load_books(server, rooms)
        server.ask(*(command for book in books for command in settle(book, by_room[book.room])))


def _load_books(server: Server, rooms: list[Room]) -> list[RoomBook]:
    raws = server.ask(*(("GET", room_key(room, "book")) for room in rooms))
    return [load_book(room, raw) for room, raw in zip(rooms, raws, strict=True)]


def _list_agenda(server: Server) -> list[Room]:
    (members,) = server.ask(("ZRANGE", AGENDA, 0, -1))
    return [parse_room(member.decode()) for member in members]


def _members(server: Server, key: str) -> list[str]:
    (members,) = server.ask(("SMEMBERS", key))
    return [member.decode() for member in members]


def _scan(server: Server, pattern: str) -> Iterator[str]:
    cursor = 0
    while True:
        ((cursor, keys),) = server.ask(("SCAN", cursor, "MATCH", pattern, "COUNT", 1000))
        yield from (key.decode() for key in keys)
        if int(cursor) == 0:
            return


def _split(rooms: Iterable[Room]) -> Iterator[list[Room]]:
    iterator = iter(rooms)
    while batch := list(islice(iterator, BATCH)):
        yield batch
