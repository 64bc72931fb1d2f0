"""A ledger with meetings in it, as an operator's link finds them."""

from __future__ import annotations

from shared.ledger import Ledger, RoomBook, Session, Task, TaskId
from shared.ledger.deliveries import Deliveries, Delivery
from shared.room import Room
from shared.rules.decision import Rule

RULE = Rule(name="bilingual class", room=["*"], reference="school-7")
TASK_ID = TaskId("task-1", "cloud", "ap-singapore")


def open_meeting(
    ledger: Ledger, room: Room, at_ms: int, state: str = "running", rule: Rule = RULE
) -> Session:
    """A session that opened then, with a task in that state."""

    def work(book: RoomBook) -> Session:
        _, session = book.open_session(at_ms, rule)
        assert session
        ids = [] if state in ("due", "failed") else [TASK_ID]
        session.tasks["*"] = Task("*", "cloud", state, task_ids=ids)  # type: ignore[arg-type]
        return session

    return ledger.change(room, work)


def close_meeting(
    ledger: Ledger,
    session: Session,
    at_ms: int,
    speakers: tuple[str, ...] = (),
    languages: tuple[str, ...] = ("en",),
    *,
    deleted: bool = False,
) -> None:
    """The meeting is over; what its speakers said was delivered, unless nobody said anything."""

    def work(book: RoomBook) -> None:
        book.close_session(at_ms)
        for task in book.get(session.id).tasks.values():
            task.set_state("stopped", at_ms)
            task.mark_ended([TASK_ID.task_id], at_ms)

    ledger.change(session.room, work)
    if speakers:
        deliveries = Deliveries(ledger)
        delivery = Delivery(
            version=7,
            at_ms=at_ms,
            sentences=3 * len(speakers),
            speakers=[*speakers],
            languages=[*languages],
            is_archived=True,
        )
        delivery = Delivery(deleted=7) if deleted else delivery
        assert deliveries.note(session.id, deliveries.read(session.id), delivery, None)
