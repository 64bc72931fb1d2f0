"""What no document says and the emulator has to decide: all of it, in one place, each with its source.

What a deployment may have to survive in more than one form is a switch in CloudConfig instead.
"Unknown" is what nobody outside of Tencent can have seen written down.

| behaviour | assumed here | source |
|---|---|---|
| a task for a room that is not open | accepted; its bot waits outside and opens no room | unknown |
| a room that closes behind its last person | no dismissal: its tasks end by their MaxIdleTime | unknown |
| LeaveCode of a task whose room is dismissed | 2, of 1402 too | 902's LeaveCodes; of 1402 unknown |
| a 2.0 start refused because of who is not there | FailedOperation | inferred: Create has no code for it |
| idle | none of the people whom the task may hear is in the room as an anchor | MaxIdleTime's definition |
| 2.0's Status, once it was InProgress | stays InProgress, whoever is there | unknown |
| a task asked about or stopped in another region than its own | does not exist | unknown |
| a TaskId or SdkAppId of somebody else's, 2.0 | InvalidParameter.SdkAppId | inferred: both have it |
| UserSig that does not verify, 2.0 | InvalidParameter, with a message | inferred: it has no code |
| a required parameter inside another one is missing | MissingParameter | unknown |
| a malformed TaskId, 1.0 | over 256 characters, or one that is not of base64, "_" or "." | unknown |
| 1.0's StartTime, and the day in its TaskIds | Beijing time | unknown |
| which of several errors is answered | signature, action, region, limit, parameters, task | unknown |
| a bot that comes in under the UserId of a person | that person is removed from the room | inferred |
| a bot of the other service with the same UserId | follows CloudConfig.same_bot | unknown |
| a bot's 104 | comes when its task ends, even if the room was dismissed before | unknown |
| 2.0's captions in the room | with SendCustomMode 1 only, by CmdId 1 | SDK docstring; CmdId: as in 1.0 |
| their form | as Tencent's web client has it from a client's transcriber | trtc-sdk-v5 5.17.1 |
| SendCustomMode 2 | nothing is sent | unknown; only the API document's example has it |
| captions of a sentence | up to PARTIALS beginnings, then all of it | doc 66148; how many: unknown |
| captions of translations | 1.0: after it, growing; 2.0: beside all of it | doc 66148; order unknown |
| a caption over 1 KB | sent whole | unknown: it is the limit of clients |
| `seq` of a custom message | counts up from 1 for each task | unknown |
| a transcriber that a client starts | a bot with a 2.0 task, in a place of the quota | inferred: 5001 |
| its words | in 1401 to 1404; clients get no custom messages | trtc-sdk-v5: a data channel |
| its task, asked about through the API | does not exist | unknown |
| IMAdminUserSig | must verify; that the user is an administrator (UserSigNotAdmin) is believed | unknown |
| limits per second | by whole seconds of the server's clock, for the whole account | unknown |
| 1.0's Describe | 20 a second, as the international document says; China: 50 | both documents |
| what 1402, 1403 and 1404 tell | what 902, 903, the in-room message do; see CloudWords | unknown |
| CallbackTs of a repeated or late callback | as when the event happened | unknown |
| a task that ended more than an hour ago | was never there (KEPT_MS) | unknown |
| signature v1, incomplete or malformed | MissingParameter, InvalidParameter, …Value | unknown |
| the Nonce of signature v1 | may come again | unknown |
| DescribeRoomInfo, DescribeUserInfo without their package | NO_ROOM_DATA_CODE | inferred, see there |
| which rooms DescribeRoomInfo tells | those created between StartTime and EndTime, newest first | unknown |
| which users DescribeUserInfo tells | those there between StartTime and EndTime, bots too | unknown |
| DestroyTime of a room that is not finished | the time of the query | the official example |
| a CommId of no room | no users | unknown |
| the number in the CommId of a string room | CRC-32 of the id | unknown; the official example has numbers |
| regions of these two in China | those of the international document | unknown |
| a wrong method at /, a wrong path | UnsupportedProtocol; InvalidRequest, with HTTP 404 | unknown |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import IntEnum
from typing import Literal

Service = Literal["ai", "cloud"]
Site = Literal["both", "china", "international"]


class LeaveCode(IntEnum):
    """Why a task ended. Source: group 9 callbacks, doc 647/109686; the same in 1402: assumed."""

    API = 0
    REMOVED = 1
    DISMISSED = 2
    SERVER_REMOVED = 3
    SERVER_DISMISSED = 4
    INTERNAL_ERROR = 98
    IDLE = 99
    ROOM_TIMED_OUT = 100  # this and the next: of cloud recording's callbacks, the same family
    SAME_USER_ENTERED = 101


# What asking about, or stopping, a task that is over answers.
# Source: error codes by action, Go SDK v1.3.166; documents 129056, 129057 and 106493 (product 647).
ENDED_TASK_CODES: Mapping[Service, str] = {
    "ai": "FailedOperation.TaskNotExist",
    "cloud": "ResourceNotFound",
}
# The codes in which a start may say that the quota is used up, the assumed one first: no document names one.
# Create's own codes, and RestrictedConcurrency of its siblings; of 1.0 those that its document lists.
QUOTA_CODES: Mapping[Service, tuple[str, ...]] = {
    "cloud": (
        "FailedOperation",
        "UnsupportedOperation",
        "InternalError",
        "FailedOperation.RestrictedConcurrency",
    ),
    "ai": ("ResourceInsufficient.RequestRejection", "FailedOperation.NotAllowed"),
}
# 2.0, when nobody is there, or CloudConfig.same_bot is "refuse": Create has no code of its own for either.
REFUSED_CODE = "FailedOperation"

# What a UserSig answers that does not verify: only 1.0 documents a code for it.
BAD_USER_SIG_CODES: Mapping[Service, str] = {
    "ai": "InvalidParameter.UserSig",
    "cloud": "InvalidParameter",
}

KEPT_MS = 3_600_000  # how long ended tasks, and rooms in which nothing goes on, are remembered

# No code of either action says that the package is missing. Of this one the SDK says: the start of the query
# is further back than the version of the monitoring dashboard allows.
NO_ROOM_DATA_CODE = "InvalidParameter.StartTimeOversize"

SPOKEN_MS_PER_CHARACTER = 60
SHORTEST_SENTENCE_MS = 400
PARTIALS = 3  # captions of a sentence before it is whole


@dataclass(frozen=True)
class Sentence:
    """One spoken sentence; times in ms since the start of the task (903 does not say since when)."""

    user_id: str
    text: str
    start_ms: int
    end_ms: int
    round_id: str


def describe_stop(leave_code: int, *, says_why: bool) -> dict[str, object]:
    """Payload of 902 (documented) and of 1402 (assumed; nobody knows whether it says why)."""
    return {"LeaveCode": leave_code} if says_why else {}


def describe_sentence(sentence: Sentence) -> dict[str, object]:
    """Payload of 903 (doc 647/109686) and of 1403 (assumed)."""
    return {
        "UserId": sentence.user_id,
        "Text": sentence.text,
        "StartTimeMs": sentence.start_ms,
        "EndTimeMs": sentence.end_ms,
        "RoundId": sentence.round_id,
    }


def describe_translation(sentence: Sentence, language: str, text: str) -> dict[str, object]:
    """Payload of 1404 (assumed: the names of the in-room message, spelled like those of 903)."""
    return {
        "UserId": sentence.user_id,
        "TranslationText": text,
        "TranslationLanguage": language,
        "StartTimeMs": sentence.start_ms,
        "EndTimeMs": sentence.end_ms,
        "RoundId": sentence.round_id,
    }


def write_start_time(service: Service, started_ms: int) -> str | int:
    """StartTime of a Describe answer: text with microseconds in 1.0, milliseconds in 2.0.

    Source: the example answers of tccli 3.1.189.1 (trtc/v20190722).
    """
    if service == "cloud":
        return started_ms
    return f"{write_beijing_time(started_ms):%Y-%m-%d %H:%M:%S.%f}"


def write_beijing_time(ms: int) -> datetime:
    """The zone of 1.0's StartTime, and of the date in its TaskIds, is unknown: Tencent's own."""
    return datetime.fromtimestamp(ms / 1000, timezone(timedelta(hours=8)))
