"""What people do: create rooms, enter, leave, use the microphone, speak, dismiss."""

from collections.abc import Mapping, Sequence

from local.cloud.clock import Clock
from local.cloud.config import CloudConfig
from local.cloud.errors import ApiError, RefusedError
from local.cloud.presence import Presence
from local.cloud.room_ids import complain_room_id, complain_user_id, name_client_transcriber
from local.cloud.speech import Speech
from local.cloud.state import ANCHOR, AUDIENCE, Room, RoomKey, Task, User, World
from local.cloud.tasks import TaskOrder, Tasks

CLIENT_MAX_IDLE_S = 30  # Source: trtc-sdk-v5 5.17.1, realtime-transcriber


class Rooms:
    """Commands of people; every one raises RefusedError instead of doing half of it."""

    def __init__(
        self,
        config: CloudConfig,
        clock: Clock,
        world: World,
        presence: Presence,
        tasks: Tasks,
        speech: Speech,
    ) -> None:
        self._applications = [application.sdk_app_id for application in config.applications]
        self._clock = clock
        self._world = world
        self._presence = presence
        self._tasks = tasks
        self._speech = speech

    def create(self, key: RoomKey, user_id: str, role: int) -> Room:
        """Open a room by letting its first person in."""
        sdk_app_id, room_id, room_id_type = key
        if sdk_app_id not in self._applications:
            raise RefusedError(404, f"there is no application {sdk_app_id} here")
        complaint = complain_room_id(room_id, room_id_type)
        if complaint:
            raise RefusedError(400, f"room_id {complaint}")
        user = _new_person(user_id, role)
        room = self._world.take_room(key, self._clock.now_ms())
        if room.open:
            raise RefusedError(409, f"room {room_id!r} is already open: enter it instead")
        _refuse_bot(room, user_id)
        self._presence.open(room, user)
        self._tasks.review(room)
        return room

    def find(self, room_id: str, room_id_type: int | None, sdk_app_id: int | None) -> Room:
        """The one open room that is meant."""
        found = [
            room
            for room in self._world.find_rooms(room_id)
            if room.open
            and room_id_type in (None, room.room_id_type)
            and sdk_app_id in (None, room.sdk_app_id)
        ]
        if not found:
            raise RefusedError(
                404, f"room {room_id!r} is not open: create it with POST /_local/rooms"
            )
        if len(found) > 1:
            raise RefusedError(
                409, f"{len(found)} rooms {room_id!r} are open: add ?type=0|1 (or &sdk_app_id=)"
            )
        return found[0]

    def enter(self, room: Room, user_id: str, role: int) -> None:
        """Enter; whoever is in already changes the role."""
        _refuse_bot(room, user_id)
        person = room.users.get(user_id)
        if person is None:
            self._presence.enter(room, _new_person(user_id, role))
        elif person.role != role:
            self._presence.set_role(room, person, role)
        self._tasks.review(room)

    def leave(self, room: Room, user_id: str) -> None:
        """Leave; the room closes behind its last person."""
        self._presence.leave(room, _find_person(room, user_id))
        self._tasks.review(room)

    def set_microphone(self, room: Room, user_id: str, *, on: bool) -> None:
        """Switch a microphone."""
        person = _find_person(room, user_id)
        if on:
            _refuse_audience(person)
        self._presence.set_microphone(room, person, on=on)

    def say(
        self, room: Room, user_id: str, text: str, translations: Mapping[str, str]
    ) -> list[str]:
        """Speak, with the microphone on from now on; returns the ids of the tasks that heard it."""
        person = _find_person(room, user_id)
        _refuse_audience(person)
        self._presence.set_microphone(room, person, on=True)
        return self._speech.say(room, person, text, translations)

    def transcribe(self, room: Room, user_id: str, languages: Sequence[str]) -> Task:
        """Let a person's client start Tencent's own transcriber; it hears all, and stays when they leave."""
        _find_person(room, user_id)
        order = TaskOrder(
            service="cloud",
            key=room.key,
            region="",  # no region of the API knows it
            bot_user_id=name_client_transcriber(room.room_id, user_id),
            max_idle_s=CLIENT_MAX_IDLE_S,
            languages=tuple(languages),
            by_client=True,
        )
        try:
            return self._tasks.start(order)
        except ApiError as error:
            raise RefusedError(409, f"TRTC refuses the transcriber: {error.code}") from error

    def dismiss(self, room: Room) -> None:
        """Close the room whoever is in it."""
        self._presence.dismiss(room)
        self._tasks.end_with_room(room)
        self._tasks.review(room)


def _new_person(user_id: str, role: int) -> User:
    complaint = complain_user_id(user_id)
    if complaint:
        raise RefusedError(400, f"user_id {complaint}")
    if role not in (ANCHOR, AUDIENCE):
        raise RefusedError(400, f"role must be {ANCHOR} (anchor) or {AUDIENCE} (audience)")
    return User(user_id, role)


def _find_person(room: Room, user_id: str) -> User:
    user = room.users.get(user_id)
    if user is None or user.bot:
        raise RefusedError(404, f"{user_id!r} is not a person in room {room.room_id!r}")
    return user


def _refuse_bot(room: Room, user_id: str) -> None:
    if user_id in room.users and room.users[user_id].bot:
        raise RefusedError(409, f"{user_id!r} is a bot in room {room.room_id!r}")


def _refuse_audience(person: User) -> None:
    if person.role != ANCHOR:
        raise RefusedError(
            409, f"{person.user_id!r} is audience and has no microphone: enter with role {ANCHOR}"
        )
