"""What an application tells of its users: what they are called, and who is not to be transcribed."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from shared.console.describe import require_shared_ledger
from shared.console.opt_outs import opt, replace_tasks
from shared.console.request import Result, choose_application, read_room_request
from shared.errors import RequestError
from shared.ledger.names import set_names
from shared.lifecycle.outcome import Outcome, write_outcomes
from shared.resources import Resources
from shared.room import Room, names_user
from shared.scf import Json

MOST_CHARACTERS = 64
# Spaces like any other; and what joins letters in Persian, in Indic scripts, and in emoji.
HARMLESS = str.maketrans({"\u3000": " ", "\xa0": " ", "\u200c": "", "\u200d": ""})


class Told(Struct, frozen=True, forbid_unknown_fields=True):
    """What is told of one user; a name of None: none any more."""

    user_id: Annotated[str, Meta(min_length=1, max_length=32)]
    name: str | UnsetType | None = UNSET
    opted_out: bool | UnsetType = UNSET


class Scope(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an event is about: an application, or one room of it, of which only opt-outs can be told."""

    sdk_app_id: int | None = None
    room_id: str | int | None = None
    room_id_type: Literal[0, 1] | None = None


class PeopleEvent(Scope, frozen=True, kw_only=True):
    """An event about users; of one who is in it twice the last counts."""

    people: Annotated[list[Told], Meta(min_length=1, max_length=500)]


def set_people(event: Json, resources: Resources) -> Result:
    """Keep what an event tells of users, all of it or nothing; the answer and the log have counts alone."""
    asked = _convert(event)
    require_shared_ledger(resources)
    sdk_app_id = choose_application(asked.sdk_app_id, resources.settings)
    room = _read_room(asked, sdk_app_id, resources)
    names = {one.user_id: read_name(one, place) for place, one in enumerate(asked.people)}
    told = {user_id: name for user_id, name in names.items() if name is not None}
    opted = {one.user_id: one.opted_out for one in asked.people if one.opted_out is not UNSET}
    changes = set_names(resources.ledger, sdk_app_id, told, resources.now_ms())
    if changes.forgotten:
        resources.ledger.erase_traces()  # what is being read now is erased within the hour
    counts = changes._asdict()
    rooms: list[Room] = []
    if opted:
        opting, rooms = opt(sdk_app_id, room, opted, resources)
        counts |= opting
    told_anew = counts.keys() - {"unchanged", "rooms"}
    is_changed = any(counts[name] for name in told_anew)
    outcome = "changed" if is_changed else "unchanged"
    fields = {"sdk_app_id": sdk_app_id, **counts}
    write_outcomes([Outcome("people.set", outcome, fields=fields)])
    replace_tasks(rooms, resources)  # which says for each room what came of it
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
