"""What came of something: a log line, and the HTTP status that tells TRTC whether to come back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from shared import log
from shared.errors import RoomscribeError
from shared.ledger import Session, Task

DONE, COME_BACK = 200, 503

Fields = dict[str, str | int | None]


class Outcome(Struct, frozen=True):
    """`message` is noun.result; `fields` go into the log line beside `outcome`; None is left out.

    `due`: the ledger knows what is left to do, so that a drainer can do it where there is one.
    `queued`: and it only waits for its turn, so that TRTC's coming back would not help.
    """

    message: log.Message
    outcome: str
    http_status: int = DONE
    level: str = "info"
    fields: Mapping[str, str | int | None] = {}
    due: bool = False
    queued: bool = False


def write_outcomes(outcomes: Iterable[Outcome]) -> None:
    """Write the log line of each outcome; an error code brings its reason and its remedy."""
    for one in outcomes:
        fields = one.fields
        if code := fields.get("error_code"):
            from shared.remedies import find_advice  # late: what succeeds needs no advice

            used, limit = fields.get("living"), fields.get("task_quota")
            if advice := find_advice(str(code), used=used, limit=limit):
                told = {name: value for name, value in fields.items() if value is not None}
                fields = {**advice._asdict(), **told}
        log.write(one.message, one.level, outcome=one.outcome, **fields)


def ignored(reason: str) -> Outcome:
    """Nothing to do, and why."""
    return Outcome("callback.ignored", reason)


def failed(error: RoomscribeError) -> Outcome:
    """The outcome of an event that could not be dealt with now; its `reason` tells an operator why."""
    fields: Fields = {"error_code": error.code, "reason": str(error)}
    return Outcome("callback.failed", "error", error.http_status, "error", fields)


def describe_task(session: Session, task: Task) -> Fields:
    """What every log line about a task names."""
    return {
        "session": session.id,
        "rule": session.rule.name,
        "transcription_service": task.service,
    }


def find_status(outcomes: Iterable[Outcome], *, drainer_comes: bool) -> int:
    """The HTTP status for TRTC: 503 asks for a retry, which a start that waits in the queue does not need."""
    return max(DONE if one.queued and drainer_comes else one.http_status for one in outcomes)
