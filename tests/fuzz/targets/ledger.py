"""What lies in a ledger: a record that cannot be read is a LedgerError; one that can is kept as it is.

The first byte says which record the rest is; it is put into the file past the ledger, then read through it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from shared.errors import LedgerError, NewerError
from shared.ledger import Ledger, RoomBook
from shared.ledger.document import DOCUMENTS, Document, Half, Session, find_room
from shared.ledger.engine import Cell, Put, Score, Write
from shared.ledger.layout import RoomKeys, SaidKeys, ended_key, parse_room
from shared.ledger.sessions import Presence
from shared.ledger.sqlite import SqliteEngine
from shared.ledger.task import Task, TaskId
from shared.room import Room
from shared.rules.decision import Rule
from shared.stored import HEAD
from shared.transcripts.records import Deletion, SentenceNews, Words

NOW_MS = 1_700_000_000_000
ROOM = Room(1400000000, "class-7", 1)
SESSION = Session(
    f"1400000000/1/class-7/{NOW_MS}",
    ROOM,
    NOW_MS,
    NOW_MS,
    Rule("all", ["*"]),
    tasks={"*": Task("*", "cloud", "running", task_id="t", task_ids=[TaskId("t", "cloud", "r")])},
)
KEYS, SAID = RoomKeys(ROOM, "amy"), SaidKeys(SESSION.id)
NEWS = SentenceNews("k", "t", Words(NOW_MS, "Hello.", "amy", 1, 2, "en"), {"zh": Words(1, "好")})
DOCUMENT: Document = (Half(), Half([SESSION], 0, SESSION.rule))

FOLDER = tempfile.TemporaryDirectory()
ENGINE = SqliteEngine(str(Path(FOLDER.name, "ledger.db")))
LEDGER = Ledger(ENGINE)


def _read_document() -> None:
    book = LEDGER.read(ROOM)
    assert isinstance(book, RoomBook)
    assert LEDGER.change(ROOM, lambda book: len(book.sessions)) == len(book.sessions)
    assert msgspec.json.decode(msgspec.json.encode(book.document), type=Document) == book.document
    LEDGER.find_session(SESSION.id)
    LEDGER.list_sessions(ROOM, 10)
    LEDGER.list_people(SESSION)


def _read_person() -> None:
    LEDGER.list_people(SESSION)
    book = LEDGER.read(ROOM, "amy")
    written = msgspec.json.encode(book.presence)
    assert msgspec.json.decode(written, type=Presence) == book.presence


def _read_session() -> None:
    for session in LEDGER.list_sessions(ROOM, 10):
        assert msgspec.json.decode(msgspec.json.encode(session), type=Session) == session


def _read_sentence() -> None:
    for news in LEDGER.list_sentences(SESSION, 0):
        assert msgspec.json.decode(msgspec.json.encode(news), type=SentenceNews) == news
        assert news.event_ms >= 0 or news.said
    LEDGER.keep_sentence(SESSION, NEWS)


def _read_deletion() -> None:
    LEDGER.read_version(SESSION.id)
    LEDGER.keep_sentence(SESSION, NEWS)
    LEDGER.forget_sentences(SESSION.id, NOW_MS)


def _read_version() -> None:
    assert LEDGER.read_version(SESSION.id).latest is not None


def _take_lease() -> None:
    if LEDGER.take_lease("drainer", "me", NOW_MS, 60_000):
        LEDGER.drop_lease("drainer", "me")


Read = Callable[[], None]
DOCUMENT_CELL = Cell(KEYS.document.key)
RECORDS: dict[bytes, tuple[Cell, Read, object]] = {
    b"d": (DOCUMENT_CELL, _read_document, DOCUMENT),
    b"p": (Cell(ended_key(SESSION.id), "amy"), _read_person, Presence(True, True, 1, 2)),
    b"q": (Cell(KEYS.people, "amy"), _read_person, Presence(True, False, NOW_MS, NOW_MS)),
    b"o": (Cell(KEYS.older, SESSION.id), _read_session, SESSION),
    b"n": (Cell(SAID.sentences, "k"), _read_sentence, NEWS),
    b"x": (SAID.deletion, _read_deletion, Deletion(NOW_MS, 3, ["k"])),
    b"v": (SAID.version, _read_version, 12),
    b"l": (Cell("leases", "drainer"), _take_lease, ("me", NOW_MS)),
}


def list_seeds() -> Iterator[bytes]:
    """A record of each kind, and names of rooms."""
    for letter, (_, _, record) in RECORDS.items():
        number = b"" if letter == b"v" else HEAD
        yield letter + number + msgspec.json.encode(record)
    yield b"d" + DOCUMENTS.encode((Half([], NOW_MS), Half()))
    yield b"r1400000000/1/class-7"


def run(data: bytes) -> None:
    """Fail on anything but a record or a LedgerError."""
    if data[:1] not in RECORDS:
        _read_name(data[1:].decode("utf-8", "replace"))
        return
    cell, read, _ = RECORDS[data[:1]]
    _plant(cell, data[1:])
    try:
        read()
    except NewerError:
        pass
    except LedgerError as error:
        assert "a record cannot be read" in str(error), error
    finally:
        _clear()


def _plant(cell: Cell, raw: bytes) -> None:
    with ENGINE.changing():
        writes: list[Write] = [Put(cell, raw), Score(SAID.versions, "k", 1)]
        if cell.key == KEYS.people:
            writes.append(Put(DOCUMENT_CELL, DOCUMENTS.encode(DOCUMENT)))
        ENGINE.swap("", {}, writes)


def _clear() -> None:
    with ENGINE.changing() as connection:
        connection.execute("DELETE FROM cells")
        connection.execute("DELETE FROM scores")


def _read_name(name: str) -> None:
    room = find_room(name)
    assert room is None or f"{room.sdk_app_id}/{room.room_id_type}/{room.room_id}/" in f"{name}/"
    try:
        parsed = parse_room(name)
    except ValueError:
        return
    assert isinstance(parsed.sdk_app_id, int)
