"""Opting out: at once nothing more is kept of a user, and the tasks that hear the user are replaced."""

from __future__ import annotations

from collections.abc import Mapping

from shared import log
from shared.errors import RequestError, RoomscribeError
from shared.ledger import RoomBook
from shared.ledger.due import find_due
from shared.ledger.opting_out import OptOuts, list_opted_out, set_opt_outs
from shared.lifecycle.drainer import ALL
from shared.lifecycle.heal_room import heal_room
from shared.lifecycle.outcome import Outcome, failed, write_outcomes
from shared.lifecycle.task_api import DEADLINE, SHORTEST_CALL_S
from shared.lifecycle.wake_drainer import wake_drainer
from shared.resources import Resources
from shared.room import Room
from shared.scf import Json
from shared.transcripts.records import FOR_EVER_MS

MOST = 100  # users opted out in one place: each start names all of them, and each event reads them

LEFT = Outcome("transcription.waiting", "due", due=True, fields={"error_code": DEADLINE})


def opt(
    sdk_app_id: int, room: Room | None, told: Mapping[str, bool], resources: Resources
) -> tuple[Json, list[Room]]:
    """Keep who opted out (True) or in again, in a room, or in all when it is None; and count the changes.

    From then on nothing more of theirs is kept. Also returns the rooms in which a task is to be replaced.
    """
    ledger = resources.ledger

    def change(known: OptOuts) -> tuple[OptOuts, Json]:
        opt_outs = set_opt_outs(known, told, resources.now_ms(), resources.kept_since_ms())
        was, now = {*list_opted_out(known)}, {*list_opted_out(opt_outs)}
        if len(now) > MOST:
            raise RequestError(
                f"opted_out: at most {MOST} users at a time, of a room or of all rooms"
            )
        return opt_outs, {"opted_out": len(now - was), "opted_in": len(was - now)}

    def change_room(book: RoomBook) -> Json:
        book.half.opt_outs, counts = change(book.half.opt_outs)
        return counts

    if room:
        counts, rooms = ledger.change(room, change_room), [room]
    else:
        counts = ledger.change_opt_outs(sdk_app_id, change)
        due = ledger.list_due(FOR_EVER_MS, ALL)  # whatever runs is to be checked at some time
        rooms = [one for one in due if one.sdk_app_id == sdk_app_id]
    rooms = [one for one in rooms if ledger.change(one, _is_to_be_replaced)]
    return {**counts, "rooms": len(rooms)}, rooms


def replace_tasks(rooms: list[Room], resources: Resources) -> None:
    """Stop what hears somebody who has opted out, then start what takes its place; what fails is due."""
    for room in rooms:
        log.bind_room(*room)
        try:
            is_late = resources.invocation.remaining_s() < SHORTEST_CALL_S
            outcomes = [LEFT] if is_late else heal_room(room, resources)
        except RoomscribeError as error:
            outcomes = [failed(error)]
        write_outcomes([*outcomes, *wake_drainer(room, outcomes, resources)])


def _is_to_be_replaced(book: RoomBook) -> bool:
    """Whether a task is to be stopped; the change that asks makes that due."""
    session = book.open_now
    due = [find_due(session, task) for task in session.tasks.values()] if session else []
    return any(one and one.verb == "stop" for one in due)
