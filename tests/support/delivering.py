"""A room whose transcript is delivered into a folder, and an archive that fails when it is told to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from shared.archive.archive import Archive, open_archive
from shared.archive.keys import find_folder
from shared.console.commands import delete_transcript
from shared.console.request import RoomRequest
from shared.delivery.deliverer import deliver
from shared.errors import ArchiveError
from shared.ledger import Session
from shared.ledger.deliveries import Deliveries, Delivery
from shared.ledger.events import UNSENT
from shared.ledger.layout import QUIET_MS
from shared.ledger.outbox import Outbox
from shared.lifecycle.outcome import Outcome
from shared.reading.kept import KeptTranscripts
from shared.transcripts.records import SentenceNews
from tests.support.faked_api import OPENED_MS, STARTED, Stage
from tests.support.ledger_steps import close_room, hear, open_session

CLOSED_MS = OPENED_MS + 60_000
HOUR_MS = 3_600_000


def answer(_method: str, _key: str) -> None:
    """The archive does what it is asked."""


def break_archive(_method: str, _key: str) -> None:
    """The archive does not answer."""
    raise ArchiveError("the bucket is away")


def break_after(steps: int) -> Callable[[str, str], None]:
    """The archive answers so many requests, and then no more."""
    left = [steps]

    def crash(method: str, key: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            break_archive(method, key)

    return crash


@dataclass
class Delivering:
    """A stage, the archive its transcripts go to, and what may be asked of both."""

    stage: Stage
    folder: Path
    asked: list[tuple[str, str]] = field(default_factory=list)
    fail: Callable[[str, str], None] = answer

    @property
    def archive(self) -> Archive:
        return open_archive(f"file://{self.folder}")

    def end_unfinished(self) -> Session:
        """A session that has closed, and whose task cannot be stopped."""
        self.stage.answer("CreateCloudTranscription", STARTED)
        failure = {"Response": {"Error": {"Code": "InternalError"}}}
        self.stage.answer("DeleteCloudTranscription", failure)
        self.stage.create()
        self.stage.event(102, CLOSED_MS)
        return self.stage.session()

    def meet(
        self, *numbers: int, opened_ms: int = OPENED_MS, closes: bool = True, languages: str = ""
    ) -> Session:
        """A session in which somebody says sentences, and which then closes."""
        ledger = self.stage.resources.ledger
        session = open_session(ledger, opened_ms, self.stage.room)
        for number in numbers:
            ledger.keep_sentence(session, hear(number, event_ms=opened_ms + number * 1000))
            for language in languages.split():
                news = hear(number, translated=language, event_ms=opened_ms + number * 1000)
                ledger.keep_sentence(session, news)
        if closes:
            self.close(opened_ms + 60_000)
        return session

    def close(self, closed_ms: int = CLOSED_MS) -> None:
        close_room(self.stage.resources.ledger, closed_ms, self.stage.room)
        self.stage.now_ms = closed_ms + QUIET_MS

    def say_late(self, number: int, session: Session) -> None:
        """A callback of a sentence comes after its session has closed."""
        self.keep_late(hear(number, event_ms=session.opened_ms + number * 1000), session)

    def keep_late(self, news: SentenceNews, session: Session) -> None:
        ledger = self.stage.resources.ledger
        ledger.keep_sentence(session, news)
        ledger.ask_delivery(session.id, self.stage.now_ms)

    def deliver(self) -> list[str]:
        """What a sweep logs, in messages."""
        return [outcome.message for outcome in self.sweep()]

    def sweep(self) -> list[Outcome]:
        return [one for _, outcomes in deliver(self.stage.resources) for one in outcomes]

    def delete(self, **changes: Any) -> Any:
        request = RoomRequest(self.stage.room, None, "now", changes)
        return delete_transcript(request, self.stage.resources)[1]

    def read(self, session: Session, name: str = "transcript.json") -> Any:
        """A file in the archive: JSON as what it says, all else as text; None: it is not there."""
        raw = self.archive.get(f"{find_folder(session.id)}/{name}")
        return msgspec.json.decode(raw) if raw and name.endswith("json") else raw and raw.decode()

    def files(self) -> list[str]:
        return sorted(str(p.relative_to(self.folder)) for p in self.folder.rglob("*.*"))

    def texts(self, session: Session) -> list[str]:
        """What the archive's document has."""
        return [sentence["text"] for sentence in self.read(session)["sentences"]]

    def delivery(self, session: Session) -> Delivery:
        return Deliveries(self.stage.resources.ledger).read(session.id).delivery

    def is_due(self) -> bool:
        """Whether a deliverer is to look at anything, now or ever."""
        return bool(Deliveries(self.stage.resources.ledger).list_due(2**53, 9))

    def reader(self) -> KeptTranscripts:
        """What reads as read_transcript does."""
        since_ms = self.stage.resources.kept_since_ms()
        return KeptTranscripts(self.stage.resources.ledger, since_ms, None, self.archive.get)

    def read_texts(self, session: Session) -> list[str] | None:
        """What a reader finds; None for a transcript that is gone."""
        reader = self.reader()
        head = reader.read_head(session.id)
        return [one.text for one in reader.read(head, 0).sentences] if head else None

    def events(self) -> list[tuple[str, int]]:
        """The events that wait in the outbox, and the versions that they are about."""
        outbox = Outbox(self.stage.resources.ledger)
        entries = [outbox.read(name) for name in outbox.list_names(UNSENT, 99)]
        return [(entry.event.type, entry.event.version) for entry in entries if entry]
