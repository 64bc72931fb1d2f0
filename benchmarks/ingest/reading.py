"""How long read_transcript takes for a meeting of three hours, warm."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Mapping
from statistics import quantiles
from typing import Any, NamedTuple

import msgspec

from benchmarks.ingest.plan import MEETING_S, SENTENCE_MS, SPEAKERS, write_text, write_translation
from benchmarks.ingest.posting import STRING_ROOM
from local.development import LINK_KEY, SDK_APP_ID
from shared.ledger import Ledger, Room, Session, open_ledger
from shared.links import sign_link
from shared.rules_file import load_rules
from shared.transcripts.parsing import parse_sentence

SENTENCES = 5_000
LANGUAGES = ("zh", "ja")
NEWS = 5  # sentences that are new to whoever asks for news
TIMES = 200
TASK = "task-of-a-long-meeting"
CONTEXT = {"function_name": "read_transcript", "time_limit_in_ms": 10_000}
GZIP = {"Accept-Encoding": "gzip, deflate, br"}

Json = dict[str, Any]


class Reading(NamedTuple):
    """One way to read: p50 and p99 in ms, and the length of the answer."""

    what: str
    p50_ms: float
    p99_ms: float
    characters: int


def measure_reading() -> list[Reading]:
    """Every way to read, of a meeting that is first written into this process's ledger."""
    session = write_meeting(open_ledger(os.environ["LEDGER_URL"]))
    token = sign_link(LINK_KEY, session.id, int(time.time()) + 3600)
    handle = importlib.import_module("read_transcript").main_handler
    whole = handle(write_event(f"/{token}.json"), CONTEXT)
    document = msgspec.json.decode(whole["body"])
    known = {"If-None-Match": whole["headers"]["ETag"]}
    news = {"since": str(document["version"] - NEWS)}
    events = {
        "page": write_event(f"/{token}"),
        "JSON": write_event(f"/{token}.json"),
        "JSON, gzip": write_event(f"/{token}.json", headers=GZIP),
        f"JSON, {NEWS} news": write_event(f"/{token}.json", query=news),
        "nothing new (304)": write_event(f"/{token}.json", headers=known),
        "VTT": write_event(f"/{token}.vtt"),
    }
    return [measure(what, handle, event) for what, event in events.items()]


def measure(what: str, handle: Callable[[Json, Json], Json], event: Json) -> Reading:
    """Read the same thing many times."""
    took_ms = []
    for _ in range(TIMES):
        began_s = time.perf_counter()
        answer = handle(event, CONTEXT)
        took_ms.append((time.perf_counter() - began_s) * 1000)
        if answer["statusCode"] not in (200, 304):
            raise RuntimeError(f"{what}: status {answer['statusCode']}")
    cuts = quantiles(took_ms, n=100)
    return Reading(what, cuts[49], cuts[98], len(answer["body"]))


def write_event(
    path: str, *, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> Json:
    """A GET at the function's URL."""
    return {
        "httpMethod": "GET",
        "path": path,
        "queryString": dict(query or {}),
        "headers": dict(headers or {}),
    }


def write_meeting(ledger: Ledger) -> Session:
    """Three hours in which everything said is translated into two languages."""
    began_ms = time.time_ns() // 1_000_000 - MEETING_S * 1000
    room = Room(SDK_APP_ID, "long-meeting", STRING_ROOM)
    rule = load_rules(os.environ["RULES_FILE"]).decide(*room)
    ledger.change(room, lambda book: book.open_session(began_ms, rule))
    (session,) = ledger.list_sessions(room, 1)
    for number in range(SENTENCES):
        end_ms = number * MEETING_S * 1000 // SENTENCES + SENTENCE_MS
        payload = {
            "UserId": SPEAKERS[number % len(SPEAKERS)],
            "StartTimeMs": end_ms - SENTENCE_MS,
            "EndTimeMs": end_ms,
            "RoundId": f"round-{number}",
        }
        for event_type, words in _list_words(number):
            info = {
                "EventMsTs": began_ms + end_ms,
                "TaskId": TASK,
                "Payload": {**payload, **words},
            }
            ledger.keep_sentence(session, parse_sentence(event_type, msgspec.json.encode(info)))
    return session


def _list_words(number: int) -> list[tuple[int, dict[str, str]]]:
    translation = write_translation(0, number)
    return [
        (1403, {"Text": write_text(0, number)}),
        *(
            (1404, {"TranslationText": translation, "TranslationLanguage": language})
            for language in LANGUAGES
        ),
    ]
