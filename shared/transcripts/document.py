"""A transcript as JSON, whole or what changed in it since a version."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from shared.transcripts.records import Sentence, Transcript, TranscriptHead


class Document(Struct, frozen=True):
    """A session's transcript, or what changed in it. Texts may hold any character: escape them."""

    format: Literal["roomscribe-transcript-1"]
    room_id: Annotated[str, Meta(description="the room's id; another session may have the same")]
    opened_ms: Annotated[int, Meta(description="when the session opened, in ms since 1970")]
    closed_ms: Annotated[int | None, Meta(description="when it closed; null while it is open")]
    version: Annotated[int, Meta(description="grows with every change", ge=0)]
    next: Annotated[str, Meta(description="ask with `?since=` and this for what changes next")]
    complete: Annotated[bool, Meta(description="false: only the sentences that changed are here")]
    unread: Annotated[
        int, Meta(description="callbacks here in which Roomscribe found no text", ge=0)
    ]
    sentences: Annotated[list[Sentence], Meta(description="in the order of their `start_ms`")]


def write_document(transcript: Transcript, *, complete: bool = True) -> str:
    """The JSON of a transcript; `complete` is False when it holds only what changed."""
    head = transcript.head
    document = Document(
        format="roomscribe-transcript-1",
        room_id=head.room_id,
        opened_ms=head.opened_ms,
        closed_ms=head.closed_ms,
        version=head.version,
        next=write_next(head),
        complete=complete,
        unread=transcript.unread,
        sentences=transcript.sentences,
    )
    return msgspec.json.encode(document).decode()


def write_next(head: TranscriptHead) -> str:
    """What a reader who knows the transcript as it is now sends as `since`."""
    return f"{head.version}.{head.layout}"


def read_since(text: str, head: TranscriptHead) -> int:
    """The version after which a reader wants what changed; 0 when only the whole will do.

    `text` is an earlier document's `next`, or just its version. What moved on the timeline
    without a change of its own (a task turned out to have begun at another time), or was
    deleted, is in no list of changes: then the reader gets everything again.
    """
    match = re.fullmatch(r"([0-9]{1,15})(?:\.([0-9a-f]{8}))?", text)
    if not match or match[2] not in (None, head.layout):
        return 0
    version = int(match[1])
    return version if head.deleted <= version <= head.version else 0
