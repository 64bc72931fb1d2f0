"""Transcripts as a reader finds them in the ledger, remembered from one read to the next."""

from __future__ import annotations

import re

from shared.ledger.document import Session
from shared.ledger.ledger import Ledger
from shared.room import WHOLE_ROOM
from shared.transcripts.files import read_since, write_next
from shared.transcripts.records import (
    Sentence,
    SentenceNews,
    TaskOrigin,
    Transcript,
    TranscriptHead,
)
from shared.transcripts.timeline import arrange_sentences, build_transcript, place_news

ENGINE = re.compile(r"(?:bigmodel-|16k_|8k_)?([a-z]{2,3}(?:-[A-Za-z]{2,4})?)")
MOST_SENTENCES = 10_000  # of all sessions together: about 15 MB, in an instance that has 128
# By the id of the session, the one read last at the end: what was known of it by the keys of its news
# (None: a callback in which no text was found), and what a reader who has that asks next.
Memories = dict[str, tuple[dict[str, Sentence | None], str]]


class KeptTranscripts:
    """The transcripts of a ledger, by the id of their session; none that was over before `since_ms`.

    What is in `memories` is neither asked for nor placed again, but for what changed in it.
    """

    def __init__(self, ledger: Ledger, since_ms: int, memories: Memories | None = None) -> None:
        self._ledger = ledger
        self._since_ms = since_ms
        self._memories = {} if memories is None else memories
        self._sessions: dict[str, Session] = {}

    def read_head(self, session_id: str) -> TranscriptHead | None:
        """What is known of a session, also before anything was said; None for one that is not kept.

        Nor is one that was deleted, and closed without another word. What is not kept is forgotten.
        """
        memory = self._memories.pop(session_id, None)
        session = self._ledger.find_session(session_id)
        if session is None or not session.is_kept(self._since_ms):
            return None
        self._sessions[session_id] = session
        version = self._ledger.read_version(session)
        if session.closed_ms is not None and version.latest == version.deleted != 0:
            return None
        if memory:
            self._memories[session_id] = memory
        return TranscriptHead(
            session_id=session.id,
            room_id=session.room.room_id,
            opened_ms=session.opened_ms,
            closed_ms=session.closed_ms,
            version=version.latest,
            tasks=_list_origins(session),
            deleted=version.deleted,
        )

    def read(self, head: TranscriptHead, since: int) -> Transcript:
        """The transcript with that head; only what changed in it since a version, if that is not 0."""
        session_id = head.session_id
        if since:
            return build_transcript(head, self.list_news(session_id, since))
        places, next_since = self._memories.pop(session_id, ({}, ""))
        known = read_since(next_since, head)
        news = self.list_news(session_id, known)
        places = places if known else {}
        places |= {each.key: place_news(head, each) for each in news}
        self._memories[session_id] = places, write_next(head)
        total = sum(len(kept) for kept, _ in self._memories.values())
        while total > MOST_SENTENCES:  # those that were read longest ago are forgotten
            oldest = next(iter(self._memories))
            total -= len(self._memories.pop(oldest)[0])
        return arrange_sentences(head, places.values())

    def list_news(self, session_id: str, since: int) -> list[SentenceNews]:
        """Every sentence of a session whose version is greater than `since`, in any order.

        The session's head must have been read before; a sentence of the head's version is in it.
        """
        return self._ledger.list_sentences(self._sessions[session_id], since)


def _list_origins(session: Session) -> dict[str, TaskOrigin]:
    origins: dict[str, TaskOrigin] = {}
    for task in session.tasks.values():
        whole = task.target == WHOLE_ROOM
        rule = session.rule if whole else session.rule.for_user(task.target)
        for task_id in task.task_ids:
            engine = str(rule.parameters(task_id.service).get("language", ""))
            origins[task_id.task_id] = TaskOrigin(task_id.started_ms or None, read_language(engine))
    return origins


def read_language(engine: str) -> str:
    """The language an engine of either service hears: "bigmodel-en" → "en"; "" when it hears several."""
    match = ENGINE.fullmatch(engine)
    return match[1] if match else ""
