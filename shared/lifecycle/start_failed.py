"""What a failed start asks for next: a decision without effects."""

from __future__ import annotations

import random
from typing import Literal, NamedTuple

from shared.errors import ApiError
from shared.ledger import Task
from shared.lifecycle.signs_of_life import ABANDONED_MS
from shared.lifecycle.task_api import UNSURE_MS
from shared.rules.decision import Rule
from shared.services import Verdict, classify_error

DYING_MS, DYING_MAX_MS = 2_000, 30_000  # how soon to ask again while a predecessor still cleans up
BACK_OFF_MS, BACK_OFF_MAX_MS = 500, 8_000
NOT_YET_MS, NOT_YET_MAX_MS = 2_000, 60_000
HOPE_MS = 600_000  # after the last sign of a person
FAILED_AGAIN_MS = 300_000


class NextStep(NamedTuple):
    """What to do about a failed start; `kind` is the verdict on its error.

    find: look for the task that exists. retry: start again `after_ms` from now; `queued` when TRTC's
    coming back would not help. fall_back: start the rule's other service. give_up: for good, or, with
    `after_ms`, until package or settings change.
    """

    name: Literal["find", "retry", "fall_back", "give_up"]
    kind: str
    after_ms: int = 0
    may_have_happened: bool = False
    queued: bool = False


def choose_next_step(task: Task, rule: Rule, error: ApiError, alone_ms: int) -> NextStep:
    """What to do about a start that failed; nobody has shown for `alone_ms` that anybody is in the room."""
    verdict = classify_error(error)
    kind, may_have_happened = verdict.kind, verdict.may_have_happened
    if kind == "exists" and alone_ms < ABANDONED_MS:
        return NextStep("find", kind)
    if kind == "retry" and alone_ms < ABANDONED_MS:
        after_ms = back_off_ms(task, verdict) if alone_ms < HOPE_MS else NOT_YET_MAX_MS
        return NextStep("retry", kind, after_ms, may_have_happened)
    if kind == "not_yet" and alone_ms < HOPE_MS:
        after_ms = double_ms(task, NOT_YET_MS, NOT_YET_MAX_MS)
        return NextStep("retry", kind, after_ms, queued=True)
    is_other = rule.fallback not in ("none", task.service) and kind != "credentials"
    if is_other and not (task.unseen or may_have_happened):
        return NextStep("fall_back", kind)
    return NextStep("give_up", kind, FAILED_AGAIN_MS if kind in ("account", "credentials") else 0)


def double_ms(task: Task, first_ms: int, longest_ms: int) -> int:
    """A wait that doubles with each attempt."""
    wait_ms: int = min(first_ms * 2 ** (task.attempts - 1), longest_ms)
    return wait_ms


def back_off_ms(task: Task, verdict: Verdict) -> int:
    """A wait that doubles and is spread; longer than the API works on a start that may have happened."""
    wait_ms = double_ms(task, BACK_OFF_MS, BACK_OFF_MAX_MS)
    spread_ms = random.randint(wait_ms // 2, wait_ms)  # noqa: S311  only spreads the load
    return max(spread_ms, UNSURE_MS) if verdict.may_have_happened else spread_ms
