"""Delivering one session's transcript: to the archive when it has closed, out of it when it is deleted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import TypeVar

from msgspec import MsgspecError, Struct, field
from msgspec.structs import replace

from shared.archive.archive import Archive
from shared.archive.keys import find_folder
from shared.delivery.contents import (
    TYPES,
    Contents,
    merge_records,
    read_meta,
    read_records,
    write_contents,
)
from shared.errors import ArchiveError
from shared.ledger.deliveries import META, RECORDS, Deliveries, Delivery, Kept
from shared.ledger.document import Session
from shared.ledger.events import Event, EventType, Facts, make_event
from shared.ledger.heads import make_head
from shared.ledger.names import merge_names, read_names
from shared.lifecycle.outcome import Outcome
from shared.log import Message
from shared.resources import Resources
from shared.transcripts.records import Transcript
from shared.transcripts.timeline import build_transcript

Read = TypeVar("Read")

HOUR_MS = 3_600_000
AGAIN_MS = 60_000  # until a session is looked at again that was not done with
AT_ONCE = 8  # sessions: the storage's own latency must not be what limits the rate
LONG = 1_000  # changes of a transcript: 5,000 bilingual sentences take 25 MB, of a function's 128
_long_turn = threading.Lock()


class TranscriptDelivery(Struct):
    """One look at a session of which something is to be delivered; without an archive only noted."""

    session_id: str
    deliveries: Deliveries
    archive: Archive | None
    resources: Resources
    began_s: float = field(default_factory=time.perf_counter)

    def run(self) -> list[Outcome]:
        """Deliver what has changed since the last look; raises ArchiveError, LedgerError.

        Safe to repeat: the session is due until the ledger has noted what was delivered.
        """
        kept = self.deliveries.read(self.session_id)
        if kept.session and self._may_leave(kept.delivery):
            # Before the look: a change of the session makes it due.
            self.deliveries.shorten(kept.session)
            self.look_again()
            kept = self.deliveries.read(self.session_id)
        session, was, version = kept.session, kept.delivery, kept.version
        has_text = version.latest > version.deleted
        if version.deleted > was.deleted and not (was.at_ms and has_text):
            return self._delete(kept)
        # Nothing was said although something was to hear it: that is a transcript, too.
        was_quiet = version.latest == 0 and session is not None and bool(session.tasks)
        if session and session.closed_ms is not None and (has_text or was_quiet):
            with _long_turn if version.latest > LONG else nullcontext():
                return self._deliver(session, kept)
        self._note(kept, was, None)
        return []

    def look_again(self, after_ms: int = AGAIN_MS) -> None:
        """Make the session due again after a wait, unless nothing is left to deliver by then."""
        again_ms = self.resources.now_ms() + after_ms
        self.deliveries.ledger.ask_delivery(self.session_id, again_ms)

    def _delete(self, kept: Kept) -> list[Outcome]:
        """Delete the files of a text that was deleted; what was said since is delivered as it closes."""
        count = self._delete_files(kept.delivery)
        about, now_ms = kept.version.deleted, self.resources.now_ms()
        events = []
        if kept.session:
            events = [make_event(kept.session, "transcript.deleted", now_ms, about, about)]
        again_ms = now_ms if kept.version.latest > about else None
        delivery = Delivery(deleted=about, unknown=kept.delivery.unknown)
        if not self._note(kept, delivery, again_ms, events):
            return []
        return [self._tell("archive.deleted", "deleted", version=about, files=count)]

    def _deliver(self, session: Session, kept: Kept) -> list[Outcome]:
        """Write what has changed; later, let the sentences leave the ledger if the archive has them all."""
        ledger, told = self.deliveries.ledger, self.deliveries.ledger.list_sentences(session, 0)
        # What one speaker said may have been deleted since: it is not written again.
        was = replace(kept.delivery, deleted=kept.version.deleted)
        if not was.at_ms and self._read(META):  # written by a ledger that was lost, or not noted
            was = replace(was, left_ledger=True)
        news, delivered = told, kept.version
        people = [person.user_id for person in ledger.list_people(session)]
        if was.left_ledger:
            meta = self._read_archived(META, read_meta)
            was, people = replace(was, version=meta.version), sorted({*people, *meta.people})
            archived = self._read_archived(RECORDS, read_records)
            deletion = ledger.read_deletion(self.session_id)
            left = [each for each in archived if not deletion.covers(each)]
            news = merge_records(left, told, was.version)
            # Not only what is told: a delivery that broke off may have written it already.
            is_new = any(each.version > was.version for each in news) or len(left) < len(archived)
            latest = max(kept.version.latest, was.version + 1, *(each.version for each in news))
            delivered = delivered._replace(latest=latest if is_new else was.version)
        transcript = build_transcript(make_head(session, delivered), news)
        transcript = replace(transcript, names=self._name_speakers(transcript, was))
        contents = write_contents(session, transcript, people, news)
        is_written = was.is_archived or not self.archive
        is_same = is_written and contents.delivery.digest == was.digest
        can_leave = bool(self.archive and told)
        leaves = is_same and can_leave and self._may_leave(was)
        if leaves:
            is_same = all(self._read(name) == raw for name, raw in contents.files.items())
        if not is_same:
            return self._write(session, kept, was, contents)
        if not leaves:
            self._note(kept, was, self._find_leaving_ms(was) if can_leave else None)
        # Before the sentences go, whoever reads is sent to the archive.
        elif self._note(kept, replace(was, left_ledger=True), None) and not (
            self.deliveries.drop_sentences(self.session_id, kept.version.latest)
        ):
            self.look_again(0)
        return []

    def _find_leaving_ms(self, delivery: Delivery) -> int:
        return delivery.at_ms + self.resources.settings.ledger_keep_hours * HOUR_MS

    def _may_leave(self, delivery: Delivery) -> bool:
        """Whether the archive has had a transcript for so long that the ledger need not keep it."""
        now_ms = self.resources.now_ms()
        return delivery.is_archived and self._find_leaving_ms(delivery) <= now_ms

    def _write(
        self, session: Session, kept: Kept, was: Delivery, contents: Contents
    ) -> list[Outcome]:
        """Write all files, and note with the event that they are there."""
        if self.archive:
            for name, raw in contents.files.items():
                self.archive.put(self._locate(name), raw, TYPES[name.rpartition(".")[2]])
            for name in {*was.files} - contents.files.keys():
                self.archive.delete(self._locate(name))
        delivery = replace(
            contents.delivery,
            at_ms=self.resources.now_ms(),
            is_archived=self.archive is not None,
            left_ledger=was.left_ledger,
            unknown=was.unknown,
        )
        event = self._make_event(session, was, delivery)
        again_ms = self._find_leaving_ms(delivery) if self.archive else None
        if not self._note(kept, delivery, again_ms, [event]):
            # It may have been deleted meanwhile, and another deliverer be through with that.
            version = self.deliveries.ledger.read_version(self.session_id)
            if version.deleted > kept.version.deleted:
                self._delete_files(delivery)
            return []
        counts = {"sentences": delivery.sentences, "files": len(delivery.files)}
        outcome = "archived" if self.archive else "noted"
        return [self._tell(event.type, outcome, version=delivery.version, **counts)]

    def _make_event(self, session: Session, was: Delivery, delivery: Delivery) -> Event:
        facts: Facts = {
            "sentences": delivery.sentences,
            "speakers": len(delivery.speakers),
            "languages": delivery.languages,
        }
        if self.archive:
            keys = [self._locate(name) for name in delivery.files]
            facts |= {"archive": self.archive.place, "keys": keys}
        type_: EventType = "transcript.updated" if was.at_ms else "transcript.completed"
        version, cause = delivery.version, (delivery.version, delivery.digest)
        return make_event(session, type_, delivery.at_ms, cause, version, facts)

    def _note(
        self, kept: Kept, delivery: Delivery, again_ms: int | None, events: Sequence[Event] = ()
    ) -> bool:
        """Keep what was delivered; what was told since the look began is looked at again."""
        is_noted = self.deliveries.note(self.session_id, kept, delivery, again_ms, events)
        if is_noted and self.deliveries.ledger.read_version(self.session_id) != kept.version:
            self.look_again(0)
        return is_noted

    def _locate(self, name: str) -> str:
        return f"{find_folder(self.session_id)}/{name}"

    def _read(self, name: str) -> bytes | None:
        return self.archive.get(self._locate(name)) if self.archive else None

    def _delete_files(self, delivery: Delivery) -> int:
        if not self.archive and delivery.is_archived:
            raise ArchiveError("ARCHIVE_URL: not set, although files to be deleted are there")
        return delete_files(self.session_id, self.archive, delivery.files) if self.archive else 0

    def _read_archived(self, name: str, read: Callable[[bytes], Read]) -> Read:
        """What a file says that the archive alone has; nothing may be written anew without it."""
        raw = self._read(name)
        if raw is None:
            raise ArchiveError(f"{name} is not there, and nothing else has what it said")
        try:
            return read(raw)
        except MsgspecError:
            raise ArchiveError(f"{name} of a session cannot be read") from None

    def _name_speakers(self, transcript: Transcript, was: Delivery) -> dict[str, str]:
        """What the speakers were called at the time, and nobody who has been forgotten since."""
        speakers = transcript.list_speakers()
        users = read_names(self.deliveries.ledger, self.session_id, speakers)
        was_named = users and was.is_archived
        names = self._read_archived(META, read_meta).names if was_named else {}
        return merge_names(names, was.at_ms, users)

    def _tell(self, message: Message, outcome: str, **fields: str | int) -> Outcome:
        elapsed_ms = round((time.perf_counter() - self.began_s) * 1000)
        told = {"session": self.session_id, **fields, "elapsed_ms": elapsed_ms}
        return Outcome(message, outcome, fields=told)


def delete_files(session_id: str, archive: Archive, known: Iterable[str] = ()) -> int:
    """Delete a session's files from the archive; returns their number.

    `known` are those that an archive might not list yet, because they were written just now.
    """
    folder = find_folder(session_id)
    keys = {*archive.list(folder), *(f"{folder}/{name}" for name in known)}
    for key in sorted(keys):
        archive.delete(key)
    return len(keys)
