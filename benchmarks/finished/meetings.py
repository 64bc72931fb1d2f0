"""Meetings that happen in a ledger: opened, transcribed, closed; and delivered days later."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import redis
from msgspec.structs import replace

from local.development import ROOT, local_environment
from shared.delivery.deliverer import deliver
from shared.entry import open_resources
from shared.ledger import Ledger, RoomBook, Session, claims, open_ledger
from shared.ledger.deliveries import Deliveries
from shared.ledger.layout import QUIET_MS
from shared.room import Room
from shared.rules.decision import load_rules
from shared.scf import Invocation
from shared.settings import Settings, read_settings
from shared.transcripts.records import SentenceNews, Words

SDK_APP_ID = 1400000001
OPENED_MS, HOUR_MS, DAY_MS = 1_764_000_000_000, 3_600_000, 86_400_000
SPEAKERS = ("teacher-amy", "student-bob")
SAID = "What was said in this sentence is about as long as what people say."
LOOKS = 3  # of a deliverer: it archives, it lets go, it finds nothing more to do


class Place:
    """A ledger, and an archive in a folder."""

    def __init__(self, ledger_url: str, folder: Path) -> None:
        given = {"LEDGER_URL": ledger_url, "ARCHIVE_URL": f"file://{folder / 'archive'}"}
        environ = local_environment(given, endpoint="http://127.0.0.1:9")
        self.settings: Settings = read_settings(environ)
        self.ledger: Ledger = open_ledger(
            ledger_url, self.settings.transcript_keep_days, self.settings.ledger_name
        )
        self._client = redis.Redis.from_url(ledger_url)

    def count_bytes(self) -> int:
        """What all keys take."""
        keys = self._client.scan_iter(count=1_000)
        return sum(self._client.memory_usage(key, samples=0) or 0 for key in keys)

    def deliver(self) -> None:
        """Let everything that is over go to the archive, and leave the ledger."""
        invocation = Invocation("", "", "", 128, "", "", False, 0, float("inf"))
        now_ms = OPENED_MS + 2 * HOUR_MS
        resources, deliveries = open_resources(self.settings, invocation), Deliveries(self.ledger)
        for _ in range(LOOKS):
            at_ms = now_ms
            timed = replace(resources, now_ms=lambda at_ms=at_ms: at_ms)
            while deliveries.list_due(at_ms, 1):
                list(deliver(timed))
            now_ms += 2 * DAY_MS


def fill(
    place: Place, sessions: int, sentences: int, languages: Sequence[str] = ()
) -> list[Session]:
    """That many meetings of an hour, each in a room of its own."""
    rules = load_rules(str(ROOT / "rules.toml"), "unknown")
    found = []
    for number in range(sessions):
        room = Room(SDK_APP_ID, f"class-{number}", 1)
        rule = rules.decide(*room)

        def begin(book: RoomBook, rule: object = rule) -> Session:
            _, session = book.open_session(OPENED_MS, rule)  # type: ignore[arg-type]
            assert session  # noqa: S101  it is new
            token, trigger = secrets.token_hex(16), f"101/{OPENED_MS}/teacher-amy"
            _, task = claims.claim_start(
                session, "*", "cloud", trigger=trigger, token=token, now_ms=OPENED_MS
            )
            claims.finish_start(
                session, task, f"{secrets.token_urlsafe(52)}.", "ap-singapore", OPENED_MS
            )
            return session

        session = place.ledger.change(room, begin)
        for user_id in SPEAKERS:
            _note(place.ledger, room, user_id, OPENED_MS + 1_000, present=True)
        task_id = session.tasks["*"].task_id
        for order in range(sentences):
            place.ledger.keep_sentence(session, hear(order, sentences, task_id, languages))
        for user_id in SPEAKERS:
            _note(place.ledger, room, user_id, OPENED_MS + HOUR_MS, present=False)
        place.ledger.change(room, partial(_end, task_id))
        found.append(session)
    return found


def hear(order: int, of: int, task_id: str, languages: Sequence[str]) -> SentenceNews:
    """The sentence that was said after so many others."""
    at_ms = OPENED_MS + HOUR_MS * order // of
    speaker = SPEAKERS[order % len(SPEAKERS)]
    said = Words(at_ms, f"{SAID} {order}", speaker, at_ms, at_ms + 3_000, "en")
    translations = {one: Words(at_ms, f"{SAID} {order}", speaker) for one in languages}
    return SentenceNews(f"{task_id}/{order}", task_id, said, translations)


def _note(ledger: Ledger, room: Room, user_id: str, at_ms: int, *, present: bool) -> None:
    def note(book: RoomBook) -> None:
        book.note_presence(at_ms, present=present, microphone=present)

    ledger.change(room, note, user_id=user_id)


def _end(task_id: str, book: RoomBook) -> None:
    book.close_session(OPENED_MS + HOUR_MS)
    session = book.sessions[0]
    claims.begin_stops(session, OPENED_MS + HOUR_MS)
    claims.note_ended(session.tasks["*"], [task_id], OPENED_MS + HOUR_MS + QUIET_MS)
