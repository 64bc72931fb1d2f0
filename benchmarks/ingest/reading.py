"""How long read_transcript takes for a meeting of three hours, warm."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from statistics import quantiles
from typing import Any, NamedTuple

import msgspec

from benchmarks.ingest.plan import (
    SENTENCE_MS,
    SPEAKERS,
    SPOKEN,
    TRANSLATED,
    write_text,
    write_translation,
)
from benchmarks.ingest.posting import STRING_ROOM
from local.development import LINK_KEY, SDK_APP_ID
from shared.ledger import Ledger, open_ledger
from shared.links import sign_link
from shared.room import Room
from shared.rules.decision import load_rules
from shared.scf import fold_names
from shared.task_news import read_sentence

MEETING_S, SENTENCES = 3 * 3600, 5_000
LANGUAGES = ("zh", "ja")
NEWS = 5  # sentences that are new to whoever asks for news
TIMES = 100
MOST_MS = 50.0
TASK = "task-of-a-long-meeting"
CONTEXT = {"function_name": "read_transcript", "time_limit_in_ms": 10_000}
GZIP = {"Accept-Encoding": "gzip, deflate, br"}

Json = dict[str, Any]


class Reading(NamedTuple):
    """One way to read: p50 and p99 in ms, and the goal of both where there is one."""

    what: str
    p50_ms: float
    p99_ms: float
    most_ms: float | None


class Reader:
    """read_transcript in this process, and a meeting that still goes on."""

    def __init__(self, sentences: int, times: int) -> None:
        # Here, because only an instance has the functions on its path.
        from read_transcript import find_memories, main_handler

        self._main_handler, self._memories = main_handler, find_memories
        self._times = times
        self._meeting = Meeting(open_ledger(os.environ["LEDGER_URL"]), sentences)
        token = sign_link(LINK_KEY, self._meeting.session.id, int(time.time()) + 3600)
        self._path = f"/{token}"

    def measure_all(self) -> Iterator[Reading]:
        """Every way to read."""
        whole = self.read(".json")
        known = {"If-None-Match": whole["headers"]["ETag"]}
        news = {"since": str(msgspec.json.decode(whole["body"])["version"] - NEWS)}
        yield self.measure("the page", "")
        yield self.measure(f"{NEWS} news", ".json", query=news)
        yield self.measure("nothing new (304)", ".json", headers=known)
        yield self.measure("JSON", ".json", before=self._meeting.say)
        yield self.measure("JSON, compressed", ".json", headers=GZIP, before=self._meeting.say)
        first = "JSON, nothing read before"
        yield self.measure(first, ".json", before=self.forget, most_ms=None)

    def measure(
        self,
        what: str,
        form: str,
        *,
        before: Callable[[], None] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        most_ms: float | None = MOST_MS,
    ) -> Reading:
        """Read the same thing many times; `before` happens before each."""
        took_ms = []
        for _ in range(self._times):
            if before:
                before()
            began_s = time.perf_counter()
            self.read(form, query, headers)
            took_ms.append((time.perf_counter() - began_s) * 1000)
        cuts = quantiles(took_ms, n=100)
        return Reading(what, cuts[49], cuts[98], most_ms)

    def read(
        self,
        form: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        """One GET at the function's URL."""
        event = {
            "httpMethod": "GET",
            "path": self._path + form,
            "queryString": dict(query or {}),
            "headers": dict(headers or {}),
        }
        answer: Json = self._main_handler(event, CONTEXT)
        if answer["statusCode"] not in (200, 304):
            raise RuntimeError(f"{form or 'page'}: status {answer['statusCode']}")
        return answer

    def forget(self) -> None:
        """Be as an instance that has read nothing yet."""
        self._memories.cache_clear()


class Meeting:
    """Three hours in which everything said is translated into two languages."""

    def __init__(self, ledger: Ledger, sentences: int) -> None:
        self._ledger = ledger
        self._began_ms = time.time_ns() // 1_000_000 - MEETING_S * 1000
        self._said = 0
        room = Room(SDK_APP_ID, "long-meeting", STRING_ROOM)
        rule = load_rules(os.environ["RULES_FILE"], "unknown").decide(*room)
        ledger.change(room, lambda book: book.open_session(self._began_ms, rule))
        (self.session,) = ledger.list_sessions(room, 1)
        for _ in range(sentences):
            self.say()

    def say(self) -> None:
        """One more sentence, and its translations."""
        number, self._said = self._said, self._said + 1
        start_ms = number * MEETING_S * 1000 // SENTENCES
        payload = {
            "UserId": SPEAKERS[number % len(SPEAKERS)],
            "StartTimeMs": start_ms,
            "EndTimeMs": start_ms + SENTENCE_MS,
            "RoundId": f"round-{number}",
        }
        for event_type, words in _list_words(number):
            info = {
                "EventMsTs": self._began_ms + start_ms + SENTENCE_MS,
                "TaskId": TASK,
                "Payload": {**payload, **words},
            }
            raw, folded = msgspec.json.encode(info), fold_names(info)
            news = read_sentence(event_type, raw, folded, folded["eventmsts"])
            if news:
                self._ledger.keep_sentence(self.session, news)


def measure_reading(sentences: int = SENTENCES, times: int = TIMES) -> list[Reading]:
    """Every way to read, so many times, of a meeting that is first written into this process's ledger."""
    return list(Reader(sentences, times).measure_all())


def _list_words(number: int) -> list[tuple[int, dict[str, str]]]:
    translation = write_translation(0, number)
    return [
        (SPOKEN, {"Text": write_text(0, number)}),
        *(
            (TRANSLATED, {"TranslationText": translation, "TranslationLanguage": language})
            for language in LANGUAGES
        ),
    ]
