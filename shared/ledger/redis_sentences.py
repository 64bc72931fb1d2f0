"""Sentences in the Redis ledger: a hash of them for each session, and their keys by version."""

from __future__ import annotations

import msgspec

from shared.ledger.records import Session
from shared.ledger.redis_book import KEPT_S
from shared.ledger.redis_keys import sentences_key, versions_key
from shared.ledger.redis_scripts import SAVE_SENTENCE
from shared.ledger.redis_server import Server, script
from shared.transcripts.merging import merge_sentence
from shared.transcripts.records import SentenceNews


def keep(server: Server, session: Session, news: SentenceNews) -> bool | None:
    """Merge news into what is known of its sentence: whether that changed anything; None: again."""
    key = sentences_key(session)
    (raw,) = server.ask(("HGET", key, news.key))
    known = decode(raw) if raw else None
    merged = merge_sentence(known, news)
    if merged is known:
        return False
    body = msgspec.json.encode(msgspec.structs.replace(merged, version=0))
    args = (news.key, raw or b"", body, KEPT_S)
    (saved,) = server.ask(script(SAVE_SENTENCE, key, versions_key(session), args=args))
    return True if saved else None


def read_version(server: Server, session: Session) -> int:
    """How often anything in the session's transcript has changed."""
    (last,) = server.ask(("ZREVRANGE", versions_key(session), 0, 0, "WITHSCORES"))
    return int(last[1]) if last else 0


def list_since(server: Server, session: Session, since: int) -> list[SentenceNews]:
    """The sentences that changed after that version."""
    (keys,) = server.ask(("ZRANGEBYSCORE", versions_key(session), f"({since}", "+inf"))
    if not keys:
        return []
    (bodies,) = server.ask(("HMGET", sentences_key(session), *keys))
    return [decode(raw) for raw in bodies if raw]


def forget(server: Server, session: Session) -> int:
    """Delete the session's sentences; how many there were."""
    count, _ = server.ask(
        ("HLEN", sentences_key(session)), ("DEL", sentences_key(session), versions_key(session))
    )
    return int(count)


def decode(raw: bytes) -> SentenceNews:
    """A sentence as it lies there: its version, a colon, and the rest as JSON."""
    version, _, body = raw.partition(b":")
    news = msgspec.json.decode(body, type=SentenceNews)
    return msgspec.structs.replace(news, version=int(version))
