"""What an application tells of its users: what they are called, and who is not to be transcribed."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from shared import log
from shared.console.request import (
    Result,
    choose_application,
    read_room_request,
    require_shared_ledger,
)
from shared.errors import RequestError, RoomscribeError
from shared.ledger import RoomBook
from shared.ledger.due import find_due
from shared.ledger.names import set_names
from shared.ledger.opting_out import OptOuts, list_opted_out, set_opt_outs
from shared.lifecycle.drainer import ALL
from shared.lifecycle.heal_room import heal_room
from shared.lifecycle.outcome import Outcome, failed, write_outcomes
from shared.lifecycle.task_api import DEADLINE, SHORTEST_CALL_S
from shared.lifecycle.wake_drainer import wake_drainer
from shared.resources import Resources
from shared.room import Room, names_user
from shared.scf import Json
from shared.transcripts.records import FOR_EVER_MS

MOST_CHARACTERS = 64
MOST_OPTED_OUT = (
    100  # users opted out in one place: each start names all of them, and each event reads them
)

LEFT = Outcome("transcription.waiting", "due", due=True, fields={"error_code": DEADLINE})
# Spaces like any other; and what joins letters in Persian, in Indic scripts, and in emoji.
HARMLESS = str.maketrans({"\u3000": " ", "\xa0": " ", "\u200c": "", "\u200d": ""})


class Told(Struct, frozen=True, forbid_unknown_fields=True):
    """What is told of one user; a name of None: none any more."""

    user_id: Annotated[str, Meta(min_length=1, max_length=32)]
    name: str | UnsetType | None = UNSET
    opted_out: bool | UnsetType = UNSET


class PeopleEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """An event about users of an application, or of one room of it, of which only opt-outs can be told.

    Of one who is in it twice the last counts.
    """

    people: Annotated[list[Told], Meta(min_length=1, max_length=500)]
    sdk_app_id: int | None = None
    room_id: str | int | None = None
    room_id_type: Literal[0, 1] | None = None


def set_people(event: Json, resources: Resources) -> Result:
    """Keep what an event tells of users, all of it or nothing; the answer and the log have counts alone."""
    asked = _convert(event)
    require_shared_ledger(resources)
    sdk_app_id = choose_application(asked.sdk_app_id, resources.settings)
    room = _read_room(asked, sdk_app_id, resources)
    names = {one.user_id: read_name(one, place) for place, one in enumerate(asked.people)}
    told = {user_id: name for user_id, name in names.items() if name is not None}
    opted = {one.user_id: one.opted_out for one in asked.people if one.opted_out is not UNSET}
    counts = set_names(resources.ledger, sdk_app_id, told, resources.now_ms())
    if counts["forgotten"]:
        resources.ledger.erase_traces()  # what is being read now is erased within the hour
    rooms: list[Room] = []
    if opted:
        opting, rooms = _opt(sdk_app_id, room, opted, resources)
        counts |= opting
    is_changed = any(counts[name] for name in counts.keys() - {"unchanged", "rooms"})
    outcome = "changed" if is_changed else "unchanged"
    fields = {"sdk_app_id": sdk_app_id, **counts}
    write_outcomes([Outcome("people.set", outcome, fields=fields)])
    _replace_tasks(rooms, resources)  # which says for each room what came of it
    return [], {"outcome": outcome, **counts}


def read_name(told: Told, place: int) -> str | None:
    """The name of a user, "" for none, None when it is not told; raises RequestError, without the name."""
    if not names_user(told.user_id):
        raise RequestError(f"people[{place}].user_id: must be printable text, and not *")
    if told.name is UNSET or told.name is None:
        return None if told.name is UNSET else ""
    name = unicodedata.normalize("NFC", told.name).strip()
    plain = name.translate(HARMLESS)
    if not (plain.strip() and plain.isprintable() and len(name) <= MOST_CHARACTERS):
        raise RequestError(
            f"people[{place}].name: must be 1 to {MOST_CHARACTERS} characters of printable text, "
            "or null to forget it"
        )
    return name


def _convert(event: Json) -> PeopleEvent:
    one = {key: event[key] for key in Told.__struct_fields__ if key in event}
    rest = {key: value for key, value in event.items() if key not in one}
    try:
        asked = msgspec.convert(
            event if "people" in event else {**rest, "people": [one]}, PeopleEvent
        )
    except msgspec.ValidationError as error:
        # msgspec would repeat an unknown key, and that may be a name.
        reason = "a key is unknown" if "unknown field" in str(error) else error
        raise RequestError(f"the event does not tell of people: {reason}") from None
    if any(one.name is UNSET and one.opted_out is UNSET for one in asked.people):
        raise RequestError("people: tell `name` or `opted_out` of each")
    return asked


def _read_room(asked: PeopleEvent, sdk_app_id: int, resources: Resources) -> Room | None:
    """The room of which an event tells, None for all; whoever says no must not be misunderstood."""
    if asked.room_id is None and asked.room_id_type is None:
        return None
    if asked.room_id is None or asked.room_id_type is None:
        raise RequestError("room_id, room_id_type: tell both, or neither for all rooms")
    if any(one.name is not UNSET for one in asked.people):
        raise RequestError("room_id: a name is not of one room; tell it in an event of its own")
    event = {"room_id": asked.room_id, "room_id_type": asked.room_id_type, "sdk_app_id": sdk_app_id}
    return read_room_request(event, resources.settings, resources.ledger).room


def _opt(
    sdk_app_id: int, room: Room | None, told: Mapping[str, bool], resources: Resources
) -> tuple[Json, list[Room]]:
    """Keep who opted out (True) or in again, in a room, or in all when it is None; and count the changes.

    From then on nothing more of theirs is kept. Also returns the rooms in which a task is to be replaced.
    """
    ledger = resources.ledger

    def change(known: OptOuts) -> tuple[OptOuts, Json]:
        opt_outs = set_opt_outs(known, told, resources.now_ms(), resources.kept_since_ms())
        was, now = {*list_opted_out(known)}, {*list_opted_out(opt_outs)}
        if len(now) > MOST_OPTED_OUT:
            raise RequestError(
                f"opted_out: at most {MOST_OPTED_OUT} users at a time, of a room or of all rooms"
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


def _replace_tasks(rooms: list[Room], resources: Resources) -> None:
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
