"""Captions as clients in the room get them: a sentence that grows, the whole of it, its translations.

Source of 1.0: "Speech to Text and Translation" (product 647, document 66148) and "AI Conversation
Subtitle Callback" (document 115503); `start_ms_ts` and `end_ms_ts`: Tencent's room kit for Android,
TRTCObserver. Source of 2.0's names: trtc-sdk-v5 5.17.1, which gets them from a client's transcriber;
that SendCustomMode 1 sends the same ones: assumed.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace

from local.cloud.assumed import PARTIALS, Sentence
from local.cloud.state import Task

Json = dict[str, object]

SUBTITLE = 10000
JOINER = "\u200d"  # keeps two emoji one


def write_captions(
    task: Task, sentence: Sentence, translations: Mapping[str, str]
) -> Iterator[Json]:
    """The messages of one sentence in their order; `translations` is language → text."""
    if task.service == "cloud":
        for said, end in grow_sentence(sentence):
            yield _write_cloud(task, said, translations if end else {}, end=end)
        return
    for said, end in grow_sentence(sentence):
        yield _write_ai(task, said, {"text": said.text, **_write_clocks(said)}, end=end)
    for language, text in translations.items():
        for said, end in grow_sentence(replace(sentence, text=text)):
            translation = {"translation_text": said.text, "translation_language": language}
            about = {"taskid": task.task_id, **_write_times(said)}
            yield _write_ai(task, said, {**about, **translation}, end=end)


def grow_sentence(sentence: Sentence) -> Iterator[tuple[Sentence, bool]]:
    """Beginnings of a sentence, each as long as it took to say, and whether it is the whole."""
    length_ms = sentence.end_ms - sentence.start_ms
    for text in grow_text(sentence.text):
        end_ms = sentence.start_ms + length_ms * len(text) // len(sentence.text)
        yield replace(sentence, text=text, end_ms=end_ms), text == sentence.text


def grow_text(text: str) -> list[str]:
    """Up to PARTIALS beginnings of a text, and the text: cut after words, or characters if it is one word."""
    ends = [word.end() for word in re.finditer(r"\S+", text)]
    if len(ends) <= 1:
        ends = [
            end for end in range(1, len(text)) if not _belong_together(*text[end - 1 : end + 1])
        ]
        ends.append(len(text))
    counts = [len(ends) * part // (PARTIALS + 1) for part in range(1, PARTIALS + 1)]
    beginnings = dict.fromkeys(text[: ends[count - 1]] for count in counts if count)
    return [*beginnings, text]


def _belong_together(before: str, after: str) -> bool:
    """Whether a reader takes two code points for one character, or for a part of one."""
    return unicodedata.category(after) in ("Mn", "Mc", "Me", "Sk") or JOINER in (before, after)


def _write_ai(task: Task, said: Sentence, payload: Json, *, end: bool) -> Json:
    return {
        "type": SUBTITLE,
        "sender": said.user_id,
        "receiver": [],  # everybody in the room
        "start_ms_ts": task.started_ms + said.start_ms,
        "end_ms_ts": task.started_ms + said.end_ms,
        "payload": {**payload, "roundid": said.round_id, "end": end},
    }


def _write_cloud(task: Task, said: Sentence, translations: Mapping[str, str], *, end: bool) -> Json:
    payload = write_web_words(task, said, translations, end=end)
    return {"sender": said.user_id, "robotid": task.bot_user_id, "payload": payload}


def write_web_words(
    task: Task, said: Sentence, translations: Mapping[str, str], *, end: bool
) -> Json:
    """2.0's payload as Tencent's web client reads it. Source: trtc-sdk-v5 5.17.1."""
    return {
        "roundid": said.round_id,
        "text": said.text,
        "translate_msg": [{"language": lang, "text": text} for lang, text in translations.items()],
        "start_utc_ms": task.started_ms + said.start_ms,
        "end": end,
    }


def _write_times(said: Sentence) -> Json:
    return {"start_time_ms": said.start_ms, "end_time_ms": said.end_ms}


def _write_clocks(said: Sentence) -> Json:
    """HH:MM:SS since the start of the task, as document 66148 says."""
    return {"start_time": _write_clock(said.start_ms), "end_time": _write_clock(said.end_ms)}


def _write_clock(ms: int) -> str:
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
