"""How long a task took from the event that wanted it to its first sentence: pure changes of a Task."""

from __future__ import annotations

from msgspec.structs import replace

from shared.ledger import Task, Timing


def note_wanted(task: Task, event_ms: int, *, by_hand: bool) -> None:
    """A start is claimed for what happened then; of several events that ask, the first counts."""
    if by_hand or not task.wanted_ms:
        task.wanted_ms = event_ms


def find_called_ms(task: Task | None, service: str) -> int:
    """When the start was sent that a TaskId nobody saw begin must have come from; 0 when unknown."""
    attempts = [*task.unseen, *([task.pending] if task.pending else [])] if task else []
    return min((one.sent_ms for one in attempts if one.service == service), default=0)


def note_running(
    task: Task, task_id: str, *, called_ms: int = 0, answered_ms: int = 0, told_ms: int = 0
) -> None:
    """A start was answered with this TaskId, or TRTC told of it, and (901, 1401) since when it runs.

    Whoever has the answer knows best when the start was sent, TRTC since when the task runs.
    """
    known = task.find(task_id)
    if known is None:
        return
    timing = known.timing
    known.timing = replace(
        timing,
        event_ms=timing.event_ms or task.wanted_ms,
        called_ms=called_ms if answered_ms else timing.called_ms or called_ms,
        running_ms=told_ms or timing.running_ms or answered_ms,
    )
    if not timing.event_ms:
        task.wanted_ms = 0
    if told_ms and not timing.running_ms:
        known.started_ms = told_ms  # a sentence of it came first, and let only guess


def note_first_text(task: Task, task_id: str, event_ms: int) -> bool:
    """Keep the time of the earliest sentence of this TaskId; True for the first one to be told of."""
    known = task.find(task_id)
    if known is None or not is_earlier_text(known.timing, event_ms):
        return False
    is_first = not known.timing.first_text_ms
    known.timing = replace(known.timing, first_text_ms=event_ms)
    return is_first


def is_earlier_text(timing: Timing, event_ms: int) -> bool:
    """Whether no sentence told of so far was earlier."""
    return not timing.first_text_ms or event_ms < timing.first_text_ms


def measure(timing: Timing) -> dict[str, int]:
    """The ms between one step and the next, and from the first to the last, as far as both are known."""
    steps = {
        "call_latency_ms": (timing.event_ms, timing.called_ms),
        "running_latency_ms": (timing.called_ms, timing.running_ms),
        "text_latency_ms": (timing.running_ms, timing.first_text_ms),
        "first_text_latency_ms": (timing.event_ms, timing.first_text_ms),
    }
    return {name: end - begin for name, (begin, end) in steps.items() if begin and end}
