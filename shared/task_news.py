"""What a callback of group 9 or 14 tells of a transcription task, and of what it heard.

The names in an EventInfo come folded (see `fold_names`). What no document describes is kept, not refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from shared.scf import Json, fold_names
from shared.transcripts.records import UNKNOWN_MS, SentenceNews, Words

# Group 9 is StartAITranscription's, group 14 CreateCloudTranscription's.
TASK_STARTED = frozenset((901, 1401))
TASK_STOPPED = frozenset((902, 1402))
TASK_SPOKE = frozenset((903, 1403, 1404))
TASK_EVENTS = TASK_STARTED | TASK_STOPPED | TASK_SPOKE

# Of a start or an end. LeaveCode is documented for 902 only; 2.0's ends have a Payload or none.
# Source: TRTC documentation, AI service callbacks (product 647, documents 109686 and 129976), 2026-04.
DOCUMENTED = {"roomid", "roomidtype", "eventmsts", "eventts", "taskid", "robotid", "payload"}
DOCUMENTED_PAYLOAD = {"status", "leavecode"}

TRANSLATED = 1404
UNDETERMINED = "und"  # Source: BCP 47, the tag of a text whose language nobody told
MAX_MS = 2**53
LANGUAGE = re.compile(r"[A-Za-z0-9_-]{1,35}")


class TaskNews(Struct, frozen=True):
    """What a callback tells of a task; `bot_user_id` and `leave_code` are None when it does not say.

    `unread` is all that a start or an end tells, when that is more than the documents say.
    """

    task_id: str
    service: str
    bot_user_id: str | None = None
    leave_code: int | None = None
    failed: bool = False
    unread: SentenceNews | None = None


def read_task(event_type: int, raw: bytes, info: Json, event_ms: int) -> TaskNews:
    """The news in an EventInfo, as it came and folded; raises ValidationError without a TaskId.

    What its Payload does not say is looked for beside it, and the other way round.
    """
    told = {**fold_names(info.get("payload")), **info}
    code, status = told.get("leavecode"), told.get("status")
    bot_user_id = told.get("robotid", told.get("transcriberrobotid"))  # so its iOS clients call it
    unread = None
    if event_type not in TASK_SPOKE and not _is_documented(info):
        unread = _keep_unread(raw, info, event_ms)
    return TaskNews(
        msgspec.convert(told.get("taskid"), Annotated[str, Meta(min_length=1, max_length=256)]),
        "ai" if event_type < 1000 else "cloud",
        bot_user_id if isinstance(bot_user_id, str) else None,
        code if isinstance(code, int) else None,
        failed=event_type in TASK_STARTED and isinstance(status, int) and status != 0,
        unread=unread,
    )


def read_sentence(event_type: int, raw: bytes, info: Json, event_ms: int) -> SentenceNews | None:
    """The sentence in an EventInfo, given as it came and folded; None for an unfinished sentence.

    TRTC tells an unfinished sentence again when it is whole. 903 is documented. Of 1403 and 1404 no field
    list is: the names of 903, of the in-room messages and of Tencent's client SDKs are looked for, in
    any spelling, in the Payload and beside it. Without any text, the EventInfo is kept as it is.
    Source: TRTC documentation, AI service callbacks (product 647, documents 109686 and 129976), 2026-04;
    npm trtc-sdk-v5 5.17.1; TXLiteAVSDK for iOS, AITranscriberManager.h.
    """
    fields = {**info, **fold_names(info.get("payload"))}
    if fields.get("end") is False or fields.get("iscompleted") is False:
        return None
    said, translations = _read_words(event_type, fields, event_ms)
    if said is None and not translations:
        return _keep_unread(raw, info, event_ms)
    task_id = _read_text(info, "taskid") or _read_text(fields, "taskid")
    round_id = _read_text(fields, "roundid", "segmentid")
    # Without a RoundId the event itself: the same however TRTC writes it the second time.
    key = _hash([task_id, round_id] if round_id else info)
    return SentenceNews(key, task_id, said, translations)


def _is_documented(info: Json) -> bool:
    """Whether EventInfo and its Payload have nothing but what the documents name."""
    payload = info.get("payload") or {}
    codes = fold_names(payload)
    return (
        info.keys() <= DOCUMENTED
        and codes.keys() <= DOCUMENTED_PAYLOAD
        and isinstance(payload, dict)
        and len(codes) == len(payload)
        and all(isinstance(code, int) for code in codes.values())
    )


def _keep_unread(raw: bytes, info: Json, event_ms: int) -> SentenceNews:
    """An EventInfo as it is, for whoever wants to know what TRTC tells beyond its documents."""
    opaque, task_id = raw.decode("utf-8", "replace"), _read_text(info, "taskid")
    return SentenceNews(_hash(info), task_id, opaque=opaque, opaque_ms=event_ms)


def _read_words(
    event_type: int, fields: Json, event_ms: int
) -> tuple[Words | None, dict[str, Words]]:
    text = _read_text(fields, "text", "sourcetext")
    spoken = _read_language(fields, "language", "lang")
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


def _hash(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
