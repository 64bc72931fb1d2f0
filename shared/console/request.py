"""What a person or a program asks from the SCF console or through its API: mostly of one room.

A JSON event in, a result out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, Struct

from shared import log
from shared.entry import open_resources, run_function
from shared.errors import BugError, NotSharedError, RequestError, RoomscribeError
from shared.ledger import Ledger
from shared.ledger.document import find_room
from shared.lifecycle.outcome import Outcome, write_outcomes
from shared.lifecycle.wake_drainer import wake_drainer
from shared.resources import Resources
from shared.room import (
    MAX_ROOM_NUMBER,
    NUMERIC_ROOM,
    STRING_ROOM,
    Room,
    names_numeric_room,
    names_string_room,
    names_user,
)
from shared.scf import HALF_PAIR, Invocation, Json, is_direct
from shared.settings import Settings

Form = TypeVar("Form")


class RoomEvent(Struct, frozen=True):
    """The keys of an event that are not a rule's; without `room_id_type` see `list_known`."""

    room_id: (
        Annotated[str, Meta(min_length=1, max_length=64)]
        | Annotated[int, Meta(ge=1, le=MAX_ROOM_NUMBER)]
    )
    room_id_type: Literal[0, 1] | None = None
    sdk_app_id: int | None = None
    user_id: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    when: Literal["now", "room_created"] = "now"


EVENT_KEYS = RoomEvent.__struct_fields__


class RoomRequest(NamedTuple):
    """What is asked of which room; `changes` are the event's other keys.

    `guessed` are the rooms that may be meant, the likeliest first, when the event does not say of
    which type the room is.
    """

    room: Room
    user_id: str | None
    when: str
    changes: Json
    guessed: Sequence[Room] = ()

    def tell_type(self) -> Json:
        """What an answer says of the room's type, when the event did not."""
        told: Json = {"room_id_type": self.room.room_id_type} if self.guessed else {}
        return {**told, "also_known": self.guessed[1]._asdict()} if self.guessed[1:] else told


Result = tuple[list[Outcome], Json]
Act = Callable[[RoomRequest, Resources], Result]


def answer_console(event: object, context: object, act: Act, example: Json) -> Json:
    """Run `act` on an event that names a room and return its result; see `answer_direct`."""
    told: Json = {}

    def act_on_room(asked: Json, resources: Resources) -> Result:
        request = read_room_request(asked, resources.settings, resources.ledger)
        told.update(request.tell_type())
        log.bind_room(*request.room, user_id=request.user_id)
        outcomes, result = act(request, resources)
        if resources.settings.has_drainer:
            outcomes += wake_drainer(request.room, outcomes, resources)
        return outcomes, {**result, **told}

    return answer_direct(event, context, act_on_room, example, needs="room_id", told=told)


def answer_direct(
    event: object,
    context: object,
    act: Callable[[Json, Resources], Result],
    example: Json,
    *,
    needs: str = "",
    told: Mapping[str, object] = MappingProxyType({}),
    is_long: bool = False,
) -> Json:
    """Run `act` on an event and return its result; a mistake is answered in words, with an example.

    Such a function has no URL: an HTTP event is refused, because nothing has authenticated it. `needs` is a
    key that the event must have, `told` what an error's answer says, too; with `is_long` all of the
    function's time may be used.
    """

    def act_on_event(settings: Settings, invocation: Invocation) -> Json:
        asked = _check_event(event, needs)
        outcomes, result = act(asked, open_resources(settings, invocation))
        write_outcomes(outcomes)
        return result

    def answer_error(error: RoomscribeError) -> Json:
        answer = {"outcome": "error", "error_code": error.code, "message": str(error)}
        return answer if isinstance(error, BugError) else {**answer, "example": example, **told}

    return run_function(
        context,
        act_on_event,
        answer_error,
        refused="request.refused",
        failed="request.refused",
        answers_trtc=not is_long,
    )


def _check_event(event: object, needs: str) -> Json:
    if not (isinstance(event, dict) and is_direct(event) and (not needs or needs in event)):
        what = f" that names a room, by the key {needs}," if needs else ","
        raise RequestError(f"send a JSON event{what} from the console or the SCF API")
    try:
        text = json.dumps(event, ensure_ascii=False)
    except (ValueError, RecursionError):  # thousands of digits, or of brackets
        raise RequestError("the event has too long a number, or is nested too deeply") from None
    if HALF_PAIR.search(text):
        raise RequestError("half a surrogate pair stands in the event, in room_id or another text")
    return event


def require_shared_ledger(resources: Resources) -> None:
    """Raise NotSharedError when only this instance knows what is in the ledger."""
    if not resources.settings.ledger_is_shared:
        raise NotSharedError(
            "LEDGER_URL: on SCF every instance has an SQLite file of its own, so this one cannot "
            "know what the others did; this needs a ledger they share"
        )


def read_event(event: Json, form: type[Form], what: str) -> Form:
    """An event in that form; raises RequestError, which says that the event is not `what`, and why."""
    try:
        return msgspec.convert(event, form)
    except msgspec.ValidationError as error:
        raise RequestError(f"the event is not {what}: {error}") from None


def choose_application(sdk_app_id: int | None, settings: Settings) -> int:
    """The application that an event means, perhaps without naming it; raises RequestError."""
    known = [application.sdk_app_id for application in settings.applications]
    chosen = sdk_app_id or (known[0] if len(known) == 1 else None)
    if chosen not in known:
        raise RequestError(f"sdk_app_id: must be one of the configured applications: {known}")
    return chosen


def read_room_request(event: Json, settings: Settings, ledger: Ledger) -> RoomRequest:
    """The request in an event; raises RequestError saying what the event should look like."""
    asked = read_event(event, RoomEvent, "a request for a room")
    sdk_app_id = choose_application(asked.sdk_app_id, settings)
    if asked.user_id is not None and not names_user(asked.user_id):
        raise RequestError("user_id: must be printable text, and not *")
    room = Room(sdk_app_id, str(asked.room_id), _read_type(asked))
    changes = {key: value for key, value in event.items() if key not in EVENT_KEYS}
    if asked.room_id_type is not None or asked.room_id != room.room_id or room.room_id_type:
        return RoomRequest(room, asked.user_id, asked.when, changes)
    named = find_room(str(changes.get("session")))  # the id of a session says it
    guessed = [named] if named in (room, room.twin) else list_known(room, ledger) or [room]
    return RoomRequest(guessed[0], asked.user_id, asked.when, changes, guessed)


def list_known(numeric: Room, ledger: Ledger) -> list[Room]:
    """The rooms that digits may mean, this one and its twin, as far as they are known.

    First the one that is open, then the one that closed last. Raises LedgerError.
    """
    known = [book for book in map(ledger.read, (numeric, numeric.twin)) if book.latest]
    known.sort(
        key=lambda book: (bool(book.open_now), book.sessions[0].closed_ms or 0), reverse=True
    )
    return [book.room for book in known]


def _read_type(asked: RoomEvent) -> int:
    """The room's type as told, or else by its id: digits may be a number."""
    is_numeric = names_numeric_room(str(asked.room_id))
    if asked.room_id_type == NUMERIC_ROOM and not is_numeric:
        raise RequestError(
            f"room_id: a room of room_id_type 0 has a number from 1 to {MAX_ROOM_NUMBER}"
        )
    if not names_string_room(str(asked.room_id)):
        raise RequestError("room_id: must be 1 to 64 bytes of printable text")
    by_id = NUMERIC_ROOM if is_numeric else STRING_ROOM
    return by_id if asked.room_id_type is None else asked.room_id_type
