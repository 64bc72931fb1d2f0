"""Which sentences must be in which session, by what the emulator told and was answered 200 for."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmarks.chaos.history import Deletion, Told
from shared.callbacks import Callback, parse_event
from shared.ledger import Session
from shared.task_news import TASK_STOPPED
from shared.transcripts.records import SentenceNews, merge_sentence

RoomKey = tuple[int, str, int]


@dataclass
class Expected:
    """What a session's records must hold, and may hold besides, by the key of the sentence."""

    must: dict[str, SentenceNews] = field(default_factory=dict)
    may: dict[str, SentenceNews] = field(default_factory=dict)

    def explains(self, record: SentenceNews) -> SentenceNews | None:
        """What the record of a sentence should be, as near to `record` as it may; None: nothing."""
        must, may = self.must.get(record.key), self.may.get(record.key)
        if must is None or may is None:
            return must or may
        both = merge_sentence(must, may)
        return both if both == _unnumbered(record) else must


@dataclass
class Expectations:
    """What is expected of all sessions; `homeless` are accepted sentences of no session's task."""

    sessions: dict[str, Expected] = field(default_factory=lambda: defaultdict(Expected))
    homeless: list[Callback] = field(default_factory=list)


def expect(
    told: Iterable[Told], sessions: Iterable[Session], deletions: Iterable[Deletion]
) -> Expectations:
    """What the callbacks make of the sessions.

    Accepted is what was answered 200; what was not may be there or not, because the function may have died
    between keeping it and answering. So it is with what may be told too late, or may have been deleted.
    """
    rooms: dict[RoomKey, list[Session]] = defaultdict(list)
    for session in sessions:
        rooms[session.room].append(session)
    deleted_ms = {deletion.room: deletion.asked_at_ms for deletion in deletions}
    found = Expectations()
    for one in told:
        callback = parse_event(one.sdk_app_id, json.loads(one.body))
        news = _find_news(callback)
        if news is None or callback.event_ms <= deleted_ms.get(callback.room, 0):
            continue
        homes = [s for s in rooms[callback.room] if _knows(s, callback)]
        if not homes and one.accepted and callback.said:
            found.homeless.append(callback)
        is_sure = one.accepted and len(homes) == 1 and not _is_stale(callback, homes[0], rooms)
        is_sure = is_sure and callback.event_type not in TASK_STOPPED
        for home in homes:
            expected = found.sessions[home.id]
            kept = expected.must if is_sure else expected.may
            kept[news.key] = merge_sentence(kept.get(news.key), news)
    return found


def _find_news(callback: Callback) -> SentenceNews | None:
    return callback.said or (callback.task.unread if callback.task else None)


def _knows(session: Session, callback: Callback) -> bool:
    task_id = callback.task.task_id if callback.task else ""
    return any(task.find(task_id) for task in session.tasks.values())


def _is_stale(callback: Callback, home: Session, rooms: dict[RoomKey, list[Session]]) -> bool:
    """Whether it happened before an earlier life of the room had ended."""
    return any(
        one.opened_ms < home.opened_ms and callback.event_ms <= (one.closed_ms or 0)
        for one in rooms[home.room]
    )


def _unnumbered(record: SentenceNews) -> SentenceNews:
    return merge_sentence(SentenceNews(record.key, record.task_id), record)
