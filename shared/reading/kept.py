"""Transcripts as a reader finds them in the ledger."""

from __future__ import annotations

from shared.ledger.document import Session
from shared.ledger.ledger import Ledger
from shared.room import WHOLE_ROOM
from shared.transcripts.languages import read_language
from shared.transcripts.records import SentenceNews, TaskOrigin, TranscriptHead


class KeptTranscripts:
    """The transcripts of a ledger, by the id of their session; none that was over before `since_ms`."""

    def __init__(self, ledger: Ledger, since_ms: int) -> None:
        self._ledger = ledger
        self._since_ms = since_ms
        self._sessions: dict[str, Session] = {}

    def read_transcript_head(self, session_id: str) -> TranscriptHead | None:
        """What is known of the session, also before anything was said; None for one that is not kept.

        Nor is one that was deleted, and closed without another word.
        """
        session = self._ledger.find_session(session_id)
        if session is None or not session.is_kept(self._since_ms):
            return None
        self._sessions[session_id] = session
        version = self._ledger.read_version(session)
        if session.closed_ms is not None and version.latest == version.deleted != 0:
            return None
        return TranscriptHead(
            session_id=session.id,
            room_id=session.room.room_id,
            opened_ms=session.opened_ms,
            closed_ms=session.closed_ms,
            version=version.latest,
            tasks=_list_origins(session),
            deleted=version.deleted,
        )

    def list_sentence_news(self, session_id: str, since: int) -> list[SentenceNews]:
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
