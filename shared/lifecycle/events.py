"""Every callback Roomscribe acts on: of a room, or of a task; and a drainer for what they leave due."""

from __future__ import annotations

from shared.callbacks import ROOM_DISMISSED, Callback
from shared.ledger import RoomBook, Session
from shared.lifecycle.outcome import Fields, Outcome, ignored
from shared.lifecycle.room_events import act_on_room
from shared.lifecycle.task_events import act_on_task
from shared.lifecycle.wake_drainer import wake_drainer
from shared.resources import Resources
from shared.room import Room
from shared.rules.decision import CLIENT_TRANSCRIBERS, find_matcher

BILLED_TWICE = "a client runs its own transcriber: both are billed; end one, or exclude the room"


def act_on(callback: Callback, resources: Resources) -> list[Outcome]:
    """Do what a callback asks for and say what came of it; acting twice on one changes nothing."""
    room = callback.room
    bot = callback.task.bot_user_id if callback.task else callback.user_id
    if bot and callback.event_type != ROOM_DISMISSED and find_matcher(CLIENT_TRANSCRIBERS)(bot):
        return [*_report_transcriber(bot, room, resources), ignored("client_transcriber")]
    act = act_on_task if callback.task else act_on_room
    outcomes = act(callback, resources)
    if resources.settings.has_drainer:
        outcomes += wake_drainer(room, outcomes, resources)
    return outcomes


def _report_transcriber(bot: str, room: Room, resources: Resources) -> list[Outcome]:
    """Say once a session that a client's transcriber hears what a task of ours hears."""

    def note(book: RoomBook) -> Session | None:
        session = book.open_now
        if session is None or session.transcribed_twice or not session.is_busy:
            return None
        session.transcribed_twice = True
        return session

    session = note(resources.ledger.read(room)) and resources.ledger.change(room, note)
    if session is None:
        return []
    about: Fields = {"session": session.id, "rule": session.rule.name, "user_id": bot}
    fields = {**about, "reason": BILLED_TWICE}
    return [Outcome("room.transcribed_twice", "reported", level="warning", fields=fields)]
