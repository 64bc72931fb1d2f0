"""How long a task took from the event that wanted it to its first sentence: pure changes of a Task."""

from __future__ import annotations

from msgspec.structs import replace

from shared.ledger import Task, Timing


def find_called_ms(task: Task | None, service: str) -> int:
    """When the start was sent that a TaskId nobody saw begin must have come from; 0 when unknown."""
    attempts = [*task.unseen, *([task.pending] if task.pending else [])] if task else []
    return min((one.sent_ms for one in attempts if one.service == service), default=0)


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
