"""The files of a closed session's transcript: pure, the same bytes for the same sentences."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct
from msgspec.json import Decoder, encode
from msgspec.json import format as format_json
from msgspec.structs import replace

from shared.console.describe import show_task
from shared.ledger.deliveries import META, RECORDS, SPEAKERS_KEPT, Delivery
from shared.ledger.document import Session
from shared.ledger.task import Task, TaskState
from shared.scf import Json
from shared.times import write_date
from shared.transcripts.files import DOCUMENT, FORMS, write_document
from shared.transcripts.records import NEWS_LISTS, SentenceNews, Transcript, merge_sentence

# The content types of files, by how their names end.
TYPES = {"json": "application/json"} | {form: kind for form, (kind, _) in FORMS.items()}
NAMEABLE = re.compile("[A-Za-z0-9-]{1,35}")
MOST_LANGUAGES = 20
ISO = "%Y-%m-%dT%H:%M:%SZ"


class Seen(Struct):
    """What is read again of a meta.json: version, users seen in the session, and the speakers' names."""

    version: int
    people: list[str]
    names: dict[str, str]


class TaskStory(Struct, omit_defaults=True):
    """A task of the session as it ended; `reason` says why it does not run."""

    target: str
    service: str
    state: TaskState
    reason: str = ""
    task_ids: list[Json] = []
    error_code: str = ""


class File(Struct):
    """A file of the transcript; `bytes` is its size, `sha256` its digest in hexadecimal digits."""

    name: str
    bytes: int
    sha256: str


class Meta(Struct):
    """A session, the files of its transcript, and how its tasks went; times in ms since 1970."""

    format: Literal["roomscribe-meta-1"]
    session: str
    sdk_app_id: int
    room_id: str
    room_id_type: Literal[0, 1]
    rule: str
    reference: str
    opened_ms: int
    opened: str
    closed_ms: int
    closed: str
    version: int
    sentences: int
    unread: int
    people: Sequence[str]
    speakers: Sequence[str]
    names: Mapping[str, str | None]
    languages: Sequence[str]
    tasks: list[TaskStory]
    files: list[File]


# What two archived files say; both raise msgspec.MsgspecError.
read_records = NEWS_LISTS.read
read_meta = Decoder(Seen).decode


class Contents(NamedTuple):
    """The files of a transcript by their names, meta.json last; and what the ledger keeps of them."""

    files: dict[str, bytes]
    delivery: Delivery


def merge_records(
    archived: Iterable[SentenceNews], told: Iterable[SentenceNews], version: int
) -> list[SentenceNews]:
    """The records of archive and ledger merged by sentence; an unchanged sentence keeps its version.

    A changed one has a version above `version`, that of what the archive has: a ledger that was lost
    begins to count anew.
    """
    known = {news.key: news for news in archived}
    for news in told:
        before = known.get(news.key)
        merged = merge_sentence(before, news)
        if merged is not before:
            known[news.key] = replace(merged, version=max(news.version, version + 1))
    return [*known.values()]


def write_contents(
    session: Session, transcript: Transcript, people: Sequence[str], news: Sequence[SentenceNews]
) -> Contents:
    """The files of a session's transcript, which the news make; `people` were seen in the session."""
    sentences = transcript.sentences
    named = {name for s in sentences for name in (s.language, *s.translations) if name}
    languages = sorted(filter(NAMEABLE.fullmatch, named))[:MOST_LANGUAGES]
    texts = {DOCUMENT: write_document(transcript)}
    texts |= {f"transcript.{form}": write(transcript, ()) for form, (_, write) in FORMS.items()}
    write_webvtt = FORMS["vtt"][1]
    texts |= {f"transcript.{one}.vtt": write_webvtt(transcript, (one,)) for one in languages}
    files = {RECORDS: NEWS_LISTS.write(sorted(news, key=lambda each: each.key))}
    files |= {name: text.encode("utf-8", "replace") for name, text in texts.items()}
    meta = _describe(session, transcript, people, languages, files)
    files[META] = format_json(encode(meta), indent=1)
    delivery = Delivery(
        version=transcript.head.version,
        deleted=transcript.head.deleted,
        sentences=len(sentences),
        speakers=transcript.list_speakers()[:SPEAKERS_KEPT],
        languages=languages,
        digest=hashlib.blake2b(files[META], digest_size=15).hexdigest(),
    )
    return Contents(files, delivery)


def _describe(
    session: Session,
    transcript: Transcript,
    people: Sequence[str],
    languages: Sequence[str],
    files: Mapping[str, bytes],
) -> Meta:
    closed_ms = session.closed_ms or 0
    return Meta(
        format="roomscribe-meta-1",
        session=session.id,
        **session.room._asdict(),
        rule=session.rule.name,
        reference=session.rule.reference,
        opened_ms=session.opened_ms,
        opened=write_date(session.opened_ms, ISO),
        closed_ms=closed_ms,
        closed=write_date(closed_ms, ISO),
        version=transcript.head.version,
        sentences=len(transcript.sentences),
        unread=transcript.unread,
        people=people,
        speakers=transcript.list_speakers(),
        names=transcript.names,
        languages=languages,
        tasks=[_tell_story(session, task) for task in session.tasks.values()],
        files=[
            File(name, len(raw), hashlib.sha256(raw).hexdigest()) for name, raw in files.items()
        ],
    )


def _tell_story(session: Session, task: Task) -> TaskStory:
    # By hand: sessions are delivered by several threads, and msgspec 0.22 crashes if two learn a type.
    shown = show_task(session, task)
    return TaskStory(**{key: shown[key] for key in TaskStory.__struct_fields__ if key in shown})
