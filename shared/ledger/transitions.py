"""What an event makes of a room's sessions and tasks: pure, so that every engine decides alike.

Event time decides, never arrival: TRTC promises no order and repeats itself.
"""

from __future__ import annotations

from typing import Literal

from shared.ledger.records import Session, Task

Opening = Literal["opened", "open", "newer", "stale", "gone"]
Closing = Literal["closed", "already_closed", "stale"]


def is_older(event_ms: int, than_ms: int, *, precise: bool) -> bool:
    """Whether an event happened before `than_ms`; one known to the second only is compared by seconds."""
    if precise:
        return event_ms < than_ms
    return event_ms // 1000 < than_ms // 1000


def judge_opening(
    last: Session | None, tombstone_ms: int, event_ms: int, *, precise: bool, creates: bool
) -> Opening:
    """What an event that shows a room alive means; `creates` for 101, not for somebody's presence.

    opened: a new session begins. open: it belongs to the open session. newer: the room was
    created again although we never heard of its end. stale: older than the open session.
    gone: the room has closed since.
    """
    closed_ms = max(tombstone_ms, last.closed_ms or 0 if last else 0)
    if not is_older(closed_ms, event_ms, precise=precise):
        return "gone"
    if last is None or last.closed_ms is not None:
        return "opened"
    if not creates or event_ms == last.dated_ms:
        return "open"
    return "stale" if is_older(event_ms, last.dated_ms, precise=precise) else "newer"


def judge_closing(session: Session, event_ms: int, *, precise: bool) -> Closing:
    """What a 102 means for a session it may be about; stale when it is about an earlier one."""
    if session.closed_ms is not None:
        return "already_closed" if event_ms <= session.closed_ms else "stale"
    return "stale" if is_older(event_ms, session.dated_ms, precise=precise) else "closed"


def may_claim(task: Task, now_ms: int, *, by_hand: bool) -> bool:
    """Whether a start of this task may begin now: it is due, or whoever was starting it has gone.

    A person (`by_hand`) may also begin one that failed, was stopped or is held.
    """
    if task.state == "due":
        return by_hand or task.not_before_ms <= now_ms
    if task.state == "starting":
        return task.lease_until_ms <= now_ms
    return by_hand and task.state in ("failed", "stopped", "held")
