"""A ledger with one of everything that Roomscribe stores: every release leaves one in tests/versions."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from shared.ledger import Attempt, Hearing, Ledger, RoomBook, Session, Task, TaskId, Timing
from shared.ledger.deliveries import Deliveries, Delivery
from shared.ledger.events import DEAD, UNSENT, Entry, Send, make_event
from shared.ledger.names import set_names
from shared.ledger.outbox import Outbox
from shared.room import Room
from shared.rules.decision import Speaker
from shared.traffic import Traffic, read_traffic
from shared.transcripts.records import FOR_EVER_MS
from tests.support import ledger_steps
from tests.support.ledger_steps import (
    APP,
    ROOM,
    T,
    claim,
    close_room,
    finish,
    hear,
    note_person,
    open_session,
)

ENDPOINT = "endpoint"
RULE = replace(
    ledger_steps.RULE,
    cloud={"region": "ap-singapore", "language": "bigmodel-en"},
    ai={"region": "ap-singapore", "language": "16k_zh_en"},
)
END_MS = T + 60_000


def find_room(name: str) -> Room:
    """One of the ledger's string rooms."""
    return Room(APP, name, 1)


def write_everything(ledger: Ledger) -> None:
    """Write it into an empty ledger that tells ENDPOINT of events."""
    ledger.change(find_room("before"), lambda book: _plan(book))
    _write_live(ledger)
    for name, work in TASKS.items():
        _open(ledger, name, work)
    for name in ("delivered", "deleted", "one speaker deleted", "only closed"):
        _write_closed(ledger, name)
    for number in range(3):
        session = open_session(ledger, T + 2 * number, find_room("thrice"))
        note_person(ledger, session, f"p{number}", T, present=True, microphone=None)
        close_room(ledger, T + 2 * number + 1, find_room("thrice"))
    open_session(ledger, T, Room(APP, "77", 0))
    ledger.change(find_room("77"), lambda book: book.bury(T))
    ledger.change_opt_outs(APP, lambda _: ({"mallory": FOR_EVER_MS, "back": T}, None))
    set_names(ledger, APP, {"ann": "Ann", "gone": "Gone"}, T)
    set_names(ledger, APP, {"gone": ""}, T)
    read_traffic(ledger, APP, T, Traffic({1: T}, {"stale": {T: 2}}))
    assert ledger.take_lease("drain", "somebody", T, 9_000)
    outbox = Outbox(ledger)
    outbox.change(outbox.list_names(UNSENT, 1)[0], _give_up)
    assert outbox.list_names(DEAD, 9)


def _plan(book: RoomBook) -> None:
    book.half.plan = RULE
    book.half.opt_outs = {"eve": FOR_EVER_MS}


def _write_live(ledger: Ledger) -> None:
    assert claim(ledger)
    assert finish(ledger) == "running"
    session = ledger.read(ROOM).sessions[0]
    note_person(ledger, session, "ann", T + 1, present=True, microphone=True)
    note_person(ledger, session, "bob", T + 2, present=False, microphone=None)
    for number in (1, 2, 3):
        ledger.keep_sentence(session, hear(number))
    ledger.keep_sentence(session, hear(2, translated="zh"))
    ledger.keep_sentence(session, replace(hear(4), said=None, opaque="{}", opaque_ms=T))

    def time(book: RoomBook) -> None:
        task = book.sessions[0].tasks["*"]
        task.hearing = Hearing(3, T, T + 30_000, 5)
        task.task_ids[0].timing = Timing(T, T + 1, T + 300, T + 900)

    ledger.change(ROOM, time)


def _open(ledger: Ledger, name: str, work: Callable[[Session, Task], None]) -> None:
    def change(book: RoomBook) -> None:
        _, session = book.open_session(T, RULE)
        assert session
        task = session.tasks["*"] = Task("*", "cloud")
        work(session, task)

    ledger.change(find_room(name), change)


def _fail(_session: Session, task: Task) -> None:
    task.note_trouble("FailedOperation.Busy", T, "request-1")
    task.note_trouble("FailedOperation.Busy", T + 1, "request-2")
    task.error_code, task.failed_since_ms = "FailedOperation.Busy", T
    task.not_before_ms, task.failed_under = END_MS, "fingerprint"
    task.set_state("failed", T)


def _wait(_session: Session, task: Task) -> None:
    task.make_due(T)
    task.error_code = "FailedOperation.QuotaExceeded"


def _hold(session: Session, task: Task) -> None:
    session.held, session.held_ms, session.held_by = True, T, "the operator"
    task.set_state("held", T)


def _start(_session: Session, task: Task) -> None:
    task.token, task.trigger, task.lease_until_ms = "token", f"101/{T}/ann", T + 9_000
    task.unseen, task.pending = [Attempt("lost", "cloud", 0, T)], Attempt("token", "ai", 0, T)
    task.set_state("starting", T)


def _split(session: Session, task: Task) -> None:
    speakers = [Speaker(["ann"], "cloud", {"language": "bigmodel-zh"}), Speaker(["*"])]
    session.rule = replace(RULE, scope="user", speakers=speakers, reference="course-9")
    session.opted_out, session.splits = ["eve"], True
    session.tasks["ann"] = Task("ann", "cloud", "running", changed_ms=T, task_id="task-ann")
    task.task_ids = [
        TaskId("task-room", "cloud", "ap-singapore", reason="why", without=["eve"], unwanted=True)
    ]
    session.tasks["ann"].task_ids = [TaskId("task-ann", "cloud", "ap-singapore")]
    task.set_state("stopping", T)


TASKS = {
    "failed": _fail,
    "waiting": _wait,
    "held": _hold,
    "starting": _start,
    "speakers": _split,
}


def _write_closed(ledger: Ledger, name: str) -> None:
    room, deliveries = find_room(name), Deliveries(ledger)
    assert claim(ledger, name, room=room)
    finish(ledger, name, room=room)
    session = ledger.read(room).sessions[0]
    for number in (1, 2):
        ledger.keep_sentence(session, hear(number))
    close_room(ledger, END_MS, room)
    if name == "deleted":
        ledger.forget_sentences(session.id, END_MS)
    elif name == "one speaker deleted":
        ledger.forget_speaker(session, "ann", END_MS, left_ledger=False)
    elif name == "delivered":
        told = Delivery(2, 0, END_MS, 2, ["ann"], ["en"], "digest")
        event = make_event(session, "transcript.completed", END_MS, "delivered", 2)
        assert deliveries.note(session.id, deliveries.read(session.id), told, None, [event])


def _give_up(entry: Entry) -> None:
    entry.sends[ENDPOINT] = Send(10, 0, False, "503")
