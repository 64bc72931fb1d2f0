"""The callbacks 903, 1403 and 1404, read tolerantly: what no document describes is kept, not refused."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from shared.mending import fold_names, mend_json
from shared.transcripts.records import UNKNOWN_MS, SentenceNews, Words

Json = Mapping[str, Any]

TRANSLATED = 1404
UNDETERMINED = "und"  # Source: BCP 47, the tag of a text whose language nobody told
MAX_MS = 2**53
LANGUAGE = re.compile(r"[A-Za-z0-9_-]{1,35}")


def parse_sentence(event_type: int, event_info: bytes, event_ms: int | None = None) -> SentenceNews:
    """The news in the EventInfo of a callback that tells what was said; never fails.

    903 is documented. Of 1403 and 1404 no field list is: the names of 903, of the in-room messages
    and of Tencent's client SDKs are looked for, in any spelling, in the Payload and beside it.
    Without any text, the EventInfo is kept as it is. `event_ms` is when it was told, if that is not
    what the EventInfo says.
    Source: TRTC documentation, AI service callbacks (product 647, documents 109686 and 129976), 2026-04;
    npm trtc-sdk-v5 5.17.1; TXLiteAVSDK for iOS, AITranscriberManager.h.
    """
    info = _decode(event_info)
    fields = {**info, **fold_names(info.get("payload"))}
    event_ms = _read_event_ms(info) if event_ms is None else event_ms
    said, translations = _read_words(event_type, fields, event_ms)
    if said is None and not translations:
        return keep_unread(event_info, event_ms)
    task_id = _read_text(info, "taskid") or _read_text(fields, "taskid")
    round_id = _read_text(fields, "roundid", "segmentid")
    # Without a RoundId the event itself: the same however TRTC writes it the second time.
    key = _hash([task_id, round_id] if round_id else info)
    return SentenceNews(key, task_id, said, translations)


def keep_unread(event_info: bytes, event_ms: int | None = None) -> SentenceNews:
    """An EventInfo as it is, for whoever wants to know what TRTC tells beyond its documents."""
    info = _decode(event_info)
    key = _hash(info) if info else hashlib.blake2b(event_info, digest_size=12).hexdigest()
    opaque = event_info.decode("utf-8", "replace")
    event_ms = _read_event_ms(info) if event_ms is None else event_ms
    return SentenceNews(key, _read_text(info, "taskid"), opaque=opaque, opaque_ms=event_ms)


def _read_words(
    event_type: int, fields: Json, event_ms: int
) -> tuple[Words | None, dict[str, Words]]:
    text, spoken = (
        _read_text(fields, "text", "sourcetext"),
        _read_language(fields, "language", "lang"),
    )
    target = _read_language(fields, "translationlanguage", "targetlanguage", "targetlang")
    if event_type == TRANSLATED and not target:
        spoken, target = "", spoken
    translations = _read_translations(fields, target)
    if event_type == TRANSLATED and not translations and text:
        text, translations = "", {target or UNDETERMINED: text}
    times = (
        _read_text(fields, "speakeruserid", "sender", "userid"),
        _read_ms(fields, "starttimems", "startutcms", "startmsts", "starttime", "timestamp"),
        _read_ms(fields, "endtimems", "endutcms", "endmsts", "endtime"),
    )
    said = Words(event_ms, text, *times, spoken) if text else None
    return said, {
        language: Words(event_ms, translation, *times, language)
        for language, translation in translations.items()
    }


def _read_translations(fields: Json, target: str) -> dict[str, str]:
    """Language → text: one (1.0), a list of them (web clients) or an object (iOS clients)."""
    listed, named = fields.get("translatemsg"), fields.get("translationtexts")
    each = [fold_names(one) for one in listed] if isinstance(listed, list) else []
    if isinstance(named, Mapping):
        each += [{"language": language, "text": text} for language, text in named.items()]
    told = [(_read_language(one, "language"), _read_text(one, "text")) for one in each]
    told.append((target, _read_text(fields, "translationtext")))
    return {language or UNDETERMINED: text for language, text in told if text}


def _decode(event_info: bytes) -> Json:
    try:
        return fold_names(msgspec.json.decode(mend_json(event_info)))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}


def _read_text(fields: Json, *names: str) -> str:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def _read_language(fields: Json, *names: str) -> str:
    text = _read_text(fields, *names)
    return text if LANGUAGE.fullmatch(text) else ""


def _read_ms(fields: Json, *names: str) -> int:
    """Milliseconds as a number or digits, or from a clock like 00:01:02.500."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = str(value)
        if re.fullmatch(r"[0-9]{1,16}", text) and int(text) <= MAX_MS:
            return int(text)
        clock = re.fullmatch(r"([0-9]{1,4}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{3}))?", text)
        if clock:
            hours, minutes, seconds = int(clock[1]), int(clock[2]), int(clock[3])
            return ((hours * 60 + minutes) * 60 + seconds) * 1000 + int(clock[4] or 0)
    return UNKNOWN_MS


def _read_event_ms(info: Json) -> int:
    precise = _read_ms(info, "eventmsts")
    return precise if precise != UNKNOWN_MS else max(0, _read_ms(info, "eventts")) * 1000


def _hash(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
