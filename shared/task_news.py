"""What a callback of group 9 or 14 tells of a transcription task; names come folded (see `mending`)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from shared.mending import fold_names
from shared.scf import Json
from shared.transcripts.parsing import keep_unread, parse_sentence
from shared.transcripts.records import SentenceNews

# Group 9 is StartAITranscription's, group 14 CreateCloudTranscription's.
TASK_STARTED = frozenset((901, 1401))
TASK_STOPPED = frozenset((902, 1402))
TASK_SPOKE = frozenset((903, 1403, 1404))
TASK_EVENTS = TASK_STARTED | TASK_STOPPED | TASK_SPOKE

# Of a start or an end. LeaveCode is documented for 902 only; 2.0's ends have a Payload or none.
# Source: TRTC documentation, AI service callbacks (product 647, documents 109686 and 129976), 2026-04.
DOCUMENTED = {"roomid", "roomidtype", "eventmsts", "eventts", "taskid", "robotid", "payload"}
DOCUMENTED_PAYLOAD = {"status", "leavecode"}


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
        unread = keep_unread(raw, event_ms)
    return TaskNews(
        msgspec.convert(told.get("taskid"), Annotated[str, Meta(min_length=1, max_length=256)]),
        "ai" if event_type < 1000 else "cloud",
        bot_user_id if isinstance(bot_user_id, str) else None,
        code if isinstance(code, int) else None,
        failed=event_type in TASK_STARTED and isinstance(status, int) and status != 0,
        unread=unread,
    )


def read_sentence(event_type: int, raw: bytes, info: Json, event_ms: int) -> SentenceNews | None:
    """What a callback tells of a sentence; None of one that goes on: the whole of it will be told."""
    told = {**info, **fold_names(info.get("payload"))}
    is_whole = told.get("end") is not False and told.get("iscompleted") is not False
    return parse_sentence(event_type, raw, event_ms) if is_whole else None


def _is_documented(info: Json) -> bool:
    """Whether EventInfo and its Payload have nothing but what the documents name."""
    payload = info.get("payload") or {}
    codes = fold_names(payload)
    return (
        info.keys() <= DOCUMENTED
        and codes.keys() <= DOCUMENTED_PAYLOAD
        and len(codes) == len(payload)
        and all(isinstance(code, int) for code in codes.values())
    )
