"""Sentences in the Redis ledger: a hash of them for each session, and their keys by version.

What was deleted leaves one value for the session, without a word of it.
"""

from __future__ import annotations

import msgspec

from shared.ledger.contract import Version
from shared.ledger.document import Session
from shared.ledger.redis_keys import session_key
from shared.ledger.redis_scripts import FORGET_SENTENCES, SAVE_SENTENCE
from shared.ledger.redis_server import Command, Server, script
from shared.transcripts.deletion import KEYS_KEPT, Deletion
from shared.transcripts.merging import merge_sentence
from shared.transcripts.records import SentenceNews


def keep(server: Server, session: Session, news: SentenceNews, kept_s: int) -> bool | None:
    """Merge news into what is known of its sentence: whether that changed anything; None: again."""
    key = session_key(session, "sentences")
    raw, raw_deletion = server.ask(("HGET", key, news.key), _ask_deletion(session))
    deletion = _decode_deletion(raw_deletion)
    if deletion.covers(news):
        return False
    known = decode(raw) if raw else None
    merged = merge_sentence(known, news)
    if merged is known:
        return False
    body = msgspec.json.encode(msgspec.structs.replace(merged, version=0))
    seen = (raw_deletion or b"", deletion.version)
    args = (news.key, raw or b"", body, kept_s, *seen)
    (saved,) = server.ask(script(SAVE_SENTENCE, *_list_keys(session), args=args))
    return True if saved else None


def read_version(server: Server, session: Session) -> Version:
    """How often anything in the session's transcript has changed."""
    raw, last = server.ask(_ask_deletion(session), _ask_last(session, 1), atomic=True)
    deleted = _decode_deletion(raw).version
    return Version(int(last[1]) if last else deleted, deleted)


def list_since(server: Server, session: Session, since: int) -> list[SentenceNews]:
    """The sentences that changed after that version."""
    versions = session_key(session, "versions")
    (keys,) = server.ask(("ZRANGEBYSCORE", versions, f"({since}", "+inf"))
    if not keys:
        return []
    (bodies,) = server.ask(("HMGET", session_key(session, "sentences"), *keys))
    return [decode(raw) for raw in bodies if raw]


def forget(server: Server, session: Session, until_ms: int, kept_s: int) -> int | None:
    """Delete the session's sentences, and note that they were: how many there were; None: again."""
    raw, last = server.ask(_ask_deletion(session), _ask_last(session, KEYS_KEPT), atomic=True)
    known = _decode_deletion(raw)
    version = int(last[1]) if last else known.version
    deletion = known.follow(until_ms, version, [key.decode() for key in last[::2]])
    seen = (raw or b"", *(last[:2] or (b"", b"")))
    args = (*seen, msgspec.json.encode(deletion), kept_s)
    (count,) = server.ask(script(FORGET_SENTENCES, *_list_keys(session), args=args))
    return None if count < 0 else int(count)


def decode(raw: bytes) -> SentenceNews:
    """A sentence as it lies there: its version, a colon, and the rest as JSON."""
    version, _, body = raw.partition(b":")
    news = msgspec.json.decode(body, type=SentenceNews)
    return msgspec.structs.replace(news, version=int(version))


def _list_keys(session: Session) -> tuple[str, str, str]:
    return (
        session_key(session, "sentences"),
        session_key(session, "versions"),
        session_key(session, "deletion"),
    )


def _ask_deletion(session: Session) -> Command:
    return ("GET", session_key(session, "deletion"))


def _ask_last(session: Session, most: int) -> Command:
    return ("ZREVRANGE", session_key(session, "versions"), 0, most - 1, "WITHSCORES")


def _decode_deletion(raw: bytes | None) -> Deletion:
    return msgspec.json.decode(raw, type=Deletion) if raw else Deletion()
