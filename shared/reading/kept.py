"""Transcripts as a reader finds them in the ledger or the archive, remembered from one read to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import MsgspecError
from msgspec.json import Decoder
from msgspec.structs import replace

from shared.archive.keys import find_folder
from shared.errors import ArchiveError
from shared.ledger.deliveries import Deliveries
from shared.ledger.document import Session, find_room
from shared.ledger.heads import make_head
from shared.ledger.ledger import Ledger, Version
from shared.ledger.names import NameKeys, read_names
from shared.transcripts.files import DOCUMENT, Document, read_since, write_next
from shared.transcripts.records import Sentence, SentenceNews, Transcript, TranscriptHead
from shared.transcripts.timeline import arrange_sentences, build_transcript, place_news

MOST_SENTENCES = 10_000  # of all sessions together: about 15 MB, in an instance that has 128
# By the id of the session, the one read last at the end: what was known of it by the keys of its news
# (None: a callback in which no text was found), and what a reader who has that asks next.
Memories = dict[str, tuple[dict[str, Sentence | None], str]]
ReadObject = Callable[[str], bytes | None]  # the content of an object in the archive, by its key

_documents = Decoder(Document)


class NotKeptError(Exception):
    """A transcript that was kept is not in the archive any more."""


class KeptTranscripts:
    """The transcripts of a ledger and of the archive, by the id of their session.

    None that was over before `since_ms`. What is in `memories` is neither asked for nor placed again, but
    for what changed in it. What has left the ledger is read from the archive, with `read_object`.
    """

    def __init__(
        self,
        ledger: Ledger,
        since_ms: int,
        memories: Memories | None = None,
        read_object: ReadObject = lambda _key: None,
    ) -> None:
        self.ledger = ledger
        self._since_ms = since_ms
        self._memories = {} if memories is None else memories
        self._read_object = read_object
        self._deliveries = Deliveries(ledger)
        self._sessions: dict[str, Session] = {}
        self._archived: dict[str, Document | None] = {}  # None: it is there, and not read yet

    def read_head(self, session_id: str) -> TranscriptHead | None:
        """The head of a session's transcript, also before anything was said; None for one that is not kept.

        A transcript that was deleted, of a session that closed without another sentence, is not kept.
        What `memories` hold of a session that is not kept is dropped.
        """
        memory = self._memories.pop(session_id, None)
        naming = NameKeys(session_id).version
        kept = self._deliveries.read(session_id, [naming])
        session, delivery, version = kept.session, kept.delivery, kept.version
        is_open = session is not None and session.closed_ms is None
        if not is_open and version.latest == version.deleted != 0:
            return None
        if session is None:
            return self._find_archived(session_id)
        if not session.is_kept(self._since_ms):
            return None
        if delivery.left_ledger:
            if version.deleted > delivery.deleted:
                return None  # what was deleted is in the archive until it is written anew
            self._archived[session_id] = None
            # The archive has the names of its time.
            delivered = Version(delivery.version, version.deleted)
            return make_head(session, delivered, names_version=delivery.at_ms)
        self._sessions[session_id] = session
        if memory:
            self._memories[session_id] = memory
        return make_head(session, version, int(kept.found.seen[naming] or 0))

    def read(self, head: TranscriptHead, since: int) -> Transcript:
        """The transcript with that head; only what changed in it since a version, if that is not 0.

        Raises NotKeptError when it has left the archive, although the ledger knows its session.
        """
        session_id = head.session_id
        if session_id in self._archived:
            return self._read_archived(head, since)
        nothing: tuple[dict[str, Sentence | None], str] = {}, ""
        places, next_since = nothing if since else self._memories.pop(session_id, nothing)
        known = since or read_since(next_since, head)
        news = self.list_news(session_id, known)
        is_missing = not news and head.version > max(known, head.deleted)
        if is_missing and self._deliveries.read(session_id).delivery.left_ledger:
            return self._read_archived(
                head, since
            )  # it has left the ledger since its head was read
        if since:
            return build_transcript(head, news)
        places = places if known else {}
        places |= {each.key: place_news(head, each) for each in news}
        self._memories[session_id] = places, write_next(head)
        total = sum(len(kept) for kept, _ in self._memories.values())
        while total > MOST_SENTENCES:  # those that were read longest ago are forgotten
            oldest = next(iter(self._memories))
            total -= len(self._memories.pop(oldest)[0])
        return arrange_sentences(head, places.values())

    def _read_archived(self, head: TranscriptHead, since: int) -> Transcript:
        session_id = head.session_id
        document = self._archived.get(session_id) or self._read_document(session_id)
        if document is None:
            raise NotKeptError
        self._archived[session_id] = document
        changed = [sentence for sentence in document.sentences if sentence.version > since]
        return Transcript(head, changed, document.unread, document.names)

    def name_speakers(self, transcript: Transcript, *, anew: bool) -> Transcript:
        """The transcript with the names of its speakers; `anew`: of everybody who spoke in the session.

        With `anew`, speakers without a name are listed as well, as a reader may hold a name since forgotten.
        """
        head = transcript.head
        speakers = (self.read(head, 0) if anew else transcript).list_speakers()
        names = transcript.names
        # The archive has the names of its time; an application that never told any has none.
        if head.session_id not in self._archived and (head.names_version or anew):
            names = self.list_names(head.session_id, speakers)
        return replace(transcript, names={**dict.fromkeys(speakers if anew else ()), **names})

    def list_names(self, session_id: str, user_ids: Sequence[str]) -> dict[str, str]:
        """The names of those of the users who have one, by UserId."""
        users = read_names(self.ledger, session_id, user_ids)
        return {user_id: user.name for user_id, user in users.items()}

    def list_news(self, session_id: str, since: int) -> list[SentenceNews]:
        """Every sentence of a session whose version is greater than `since`, in any order.

        The session's head must have been read before; a sentence of the head's version is in it.
        """
        return self.ledger.list_sentences(self._sessions[session_id], since)

    def _find_archived(self, session_id: str) -> TranscriptHead | None:
        """The head of a transcript whose session the ledger does not know: it has lost it."""
        document = self._read_document(session_id) if find_room(session_id) else None
        if document is None or (document.closed_ms or 0) < self._since_ms:
            return None
        self._archived[session_id] = document
        return TranscriptHead(
            session_id=session_id,
            room_id=document.room_id,
            opened_ms=document.opened_ms,
            closed_ms=document.closed_ms,
            version=document.version,
            notice=document.notice,
            state=document.state or "ended",
            told_layout=document.next.partition(".")[2],
        )

    def _read_document(self, session_id: str) -> Document | None:
        raw = self._read_object(f"{find_folder(session_id)}/{DOCUMENT}")
        try:
            return _documents.decode(raw) if raw else None
        except MsgspecError:
            raise ArchiveError(f"{DOCUMENT} of a session cannot be read") from None
