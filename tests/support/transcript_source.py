"""Transcripts for tests: news as callbacks bring it, and a source that keeps it in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy

import msgspec

from shared.reading.kept import KeptTranscripts
from shared.scf import fold_names
from shared.task_news import read_sentence
from shared.transcripts.records import (
    SentenceNews,
    TaskOrigin,
    Transcript,
    TranscriptHead,
    merge_sentence,
)
from shared.transcripts.timeline import build_transcript

SESSION = "1400000000/1/class-7/1700000000000"
OPENED_MS = 1_700_000_000_000
TASK = "task-1"
LINK_KEY = "a key that only the tests have"


class MemorySource(KeptTranscripts):
    """Keeps sessions' news as a ledger must: merged, and numbered as they change."""

    def __init__(self) -> None:
        self.heads: dict[str, TranscriptHead] = {}
        self.news: dict[str, dict[str, SentenceNews]] = {}
        self.lists = 0
        self.names: dict[str, str] = {}
        self._memories = {}
        self._archived = {}

    def open(self, session_id: str = SESSION, room_id: str = "class-7") -> None:
        tasks = {TASK: TaskOrigin(OPENED_MS)}
        self.heads[session_id] = TranscriptHead(session_id, room_id, OPENED_MS, None, 0, tasks)
        self.news[session_id] = {}

    def open_afresh(self) -> MemorySource:
        """The same news for an instance that has read nothing before."""
        opened = copy(self)
        opened._memories = {}  # noqa: SLF001  an object of this class
        return opened

    def change(self, session_id: str = SESSION, **fields: object) -> None:
        """Change what the head says, such as `closed_ms`."""
        self.heads[session_id] = msgspec.structs.replace(self.heads[session_id], **fields)

    def forget(self, session_id: str = SESSION) -> None:
        del self.heads[session_id], self.news[session_id]

    def delete_sentences(self, session_id: str = SESSION) -> None:
        """Delete what was said so far in a session that goes on."""
        version = self.heads[session_id].version + 1
        self.news[session_id] = {}
        self.change(session_id, version=version, deleted=version)

    def add(self, news: SentenceNews, session_id: str = SESSION) -> None:
        kept = self.news[session_id]
        known = kept.get(news.key)
        merged = merge_sentence(known, news)
        if merged is not known:
            version = self.heads[session_id].version + 1
            kept[news.key] = msgspec.structs.replace(merged, version=version)
            self.change(session_id, version=version)

    def say(
        self, user_id: str, text: str, at_s: float, session_id: str = SESSION, **translations: str
    ) -> None:
        """A sentence that ends `at_s` after the opening, and its translations (1404)."""
        payload = {"UserId": user_id, "RoundId": f"{user_id}/{at_s}", **write_times(at_s)}
        self.add(hear({**payload, "Text": text}, at_s=at_s), session_id)
        for language, translated in translations.items():
            fields = {"TranslationText": translated, "TranslationLanguage": language}
            self.add(hear({**payload, **fields}, 1404, at_s=at_s), session_id)

    def call(self, user_id: str, name: str, session_id: str = SESSION) -> None:
        """Tell what somebody is called; "": nothing any more."""
        self.names[user_id] = name
        self.change(session_id, names_version=self.heads[session_id].names_version + 1)

    def read_head(self, session_id: str) -> TranscriptHead | None:
        return self.heads.get(session_id)

    def list_names(self, session_id: str, user_ids: Sequence[str]) -> dict[str, str]:  # noqa: ARG002
        return {user_id: self.names[user_id] for user_id in user_ids if self.names.get(user_id)}

    def list_news(self, session_id: str, since: int) -> list[SentenceNews]:
        self.lists += 1
        return [news for news in self.news[session_id].values() if news.version > since]


def write_times(end_s: float, length_s: float = 2.0) -> dict[str, int]:
    """The times of a payload, in a task that began when the session opened."""
    return {
        "StartTimeMs": max(0, round((end_s - length_s) * 1000)),
        "EndTimeMs": round(end_s * 1000),
    }


def hear(
    payload: object, event_type: int = 1403, *, at_s: float = 5.0, task_id: str = TASK
) -> SentenceNews:
    """The news of a callback with that payload, of an event `at_s` after the opening."""
    info = {"EventMsTs": OPENED_MS + round(at_s * 1000), "TaskId": task_id, "Payload": payload}
    return parse_sentence(event_type, msgspec.json.encode(info))


def parse_sentence(event_type: int, event_info: bytes) -> SentenceNews:
    """The news in an EventInfo, told at its EventMsTs; one that is no JSON object tells nothing."""
    try:
        info = fold_names(msgspec.json.decode(event_info))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        info = {}
    news = read_sentence(event_type, event_info, info, info.get("eventmsts", 0))
    assert news
    return news


def make_transcript(*said: tuple[str, str, float], **translations: str) -> Transcript:
    """A transcript of (who, what, when it ended in s); every sentence has the same translations."""
    source = MemorySource()
    source.open()
    for user_id, text, at_s in said:
        source.say(user_id, text, at_s, **translations)
    return read_all(source)


def read_all(source: MemorySource, session_id: str = SESSION) -> Transcript:
    """The whole transcript as it is now."""
    return build_transcript(source.heads[session_id], source.news[session_id].values())


def make_head(**tasks: TaskOrigin) -> TranscriptHead:
    """The head of an open session with these tasks."""
    return TranscriptHead(SESSION, "class-7", OPENED_MS, None, 0, tasks)


def list_texts(transcript: Transcript) -> list[str]:
    return [sentence.text for sentence in transcript.sentences]


def merge_all(news: Iterable[SentenceNews]) -> dict[str, SentenceNews]:
    """What becomes of news that come in this order."""
    kept: dict[str, SentenceNews] = {}
    for each in news:
        kept[each.key] = merge_sentence(kept.get(each.key), each)
    return kept


def make_times_of_a_long_meeting() -> list[float]:
    """When 5,000 sentences ended that took three hours."""
    return [round(3 + i * 2.16, 2) for i in range(5000)]
