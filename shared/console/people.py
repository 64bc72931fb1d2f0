"""What an application tells of its users: what they are called."""

from __future__ import annotations

import unicodedata
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from shared.console.describe import require_shared_ledger
from shared.console.request import Result, choose_application
from shared.errors import RequestError
from shared.ledger.names import set_names
from shared.lifecycle.outcome import Outcome
from shared.resources import Resources
from shared.room import names_user
from shared.scf import Json

MOST_CHARACTERS = 64
# Spaces like any other; and what joins letters in Persian, in Indic scripts, and in emoji.
HARMLESS = str.maketrans({"\u3000": " ", "\xa0": " ", "\u200c": "", "\u200d": ""})


class Told(Struct, frozen=True, forbid_unknown_fields=True):
    """What is told of one user; a name of None: none any more."""

    user_id: Annotated[str, Meta(min_length=1, max_length=32)]
    name: str | None


class PeopleEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """An event about users; of one who is in it twice the last counts."""

    people: Annotated[list[Told], Meta(min_length=1, max_length=500)]
    sdk_app_id: int | None = None


def set_people(event: Json, resources: Resources) -> Result:
    """Keep what an event tells of users, all of it or nothing; the answer and the log have counts alone."""
    require_shared_ledger(resources)
    asked = _convert(event)
    sdk_app_id = choose_application(asked.sdk_app_id, resources.settings)
    told = {one.user_id: read_name(one, place) for place, one in enumerate(asked.people)}
    changes = set_names(resources.ledger, sdk_app_id, told, resources.now_ms())
    if changes.forgotten:
        resources.ledger.erase_traces()  # what is being read now is erased within the hour
    outcome = "changed" if changes.set or changes.forgotten else "unchanged"
    counts = changes._asdict()
    fields = {"sdk_app_id": sdk_app_id, **counts}
    return [Outcome("people.set", outcome, fields=fields)], {"outcome": outcome, **counts}


def read_name(told: Told, place: int) -> str:
    """The name of a user, "" for none; raises RequestError, which names the place and not the name."""
    if not names_user(told.user_id):
        raise RequestError(f"people[{place}].user_id: must be printable text, and not *")
    if told.name is None:
        return ""
    name = unicodedata.normalize("NFC", told.name).strip()
    plain = name.translate(HARMLESS)
    if not (plain.strip() and plain.isprintable() and len(name) <= MOST_CHARACTERS):
        raise RequestError(
            f"people[{place}].name: must be 1 to {MOST_CHARACTERS} characters of printable text, "
            "or null to forget it"
        )
    return name


def _convert(event: Json) -> PeopleEvent:
    if "people" not in event:  # it is about one user
        told = {**event}
        event = {"sdk_app_id": told.pop("sdk_app_id", None), "people": [told]}
    try:
        return msgspec.convert(event, PeopleEvent)
    except msgspec.ValidationError as error:
        # msgspec would repeat an unknown key, and that may be a name.
        reason = "a key is unknown" if "unknown field" in str(error) else error
        raise RequestError(f"the event does not tell of people: {reason}") from None
