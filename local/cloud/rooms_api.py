"""`/_local`: rooms and people by HTTP, the books' report and the live feed."""

import asyncio
import contextlib
import heapq
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from local.cloud.arguments import Arguments, read_arguments, read_query_number, refusing
from local.cloud.books import Books
from local.cloud.errors import RefusedError
from local.cloud.feed import Feed
from local.cloud.rooms import Rooms
from local.cloud.state import ANCHOR, Room, Task, User, World

# What a verb adds to the room in its answer.
Command = Callable[[Room, Arguments], Mapping[str, object]]


class RoomsApi:
    """The `/_local` routes of the emulator; errors are 4xx with `{"error": sentence}`."""

    def __init__(
        self, world: World, rooms: Rooms, books: Books, feed: Feed, sdk_app_ids: Sequence[int]
    ) -> None:
        self._world = world
        self._rooms = rooms
        self._books = books
        self._feed = feed
        self._sdk_app_ids = sdk_app_ids  # the first is meant where a request names none
        self._commands: Mapping[str, Command] = {
            "enter": self._enter,
            "leave": self._leave,
            "audio": self._set_microphone,
            "say": self._say,
            "transcribe": self._transcribe,
            "dismiss": self._dismiss,
        }

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/_local/applications", self._list_applications, methods=["GET"]),
            Route("/_local/rooms", refusing(self._list), methods=["GET"]),
            Route("/_local/rooms", refusing(self._create), methods=["POST"]),
            Route("/_local/rooms/{room_id}/{verb}", refusing(self._command), methods=["POST"]),
            Route("/_local/report", self._report, methods=["GET"]),
            Route("/_local/feed", refusing(self._follow), methods=["GET"]),
        ]

    async def _list_applications(self, _request: Request) -> Response:
        return JSONResponse({"applications": list(self._sdk_app_ids)})

    async def _list(self, request: Request) -> Response:
        """Rooms that are open or have tasks; with `?ended=N` also the N others that closed last."""
        most = read_query_number(request, "ended") or 0
        rooms = self._world.rooms.values()
        shown = [describe_room(room) for room in rooms if room.open or room.tasks]
        closed = ((room.closed_ms, room) for room in rooms if room.closed_ms and not room.tasks)
        ended = heapq.nlargest(most, closed, key=lambda each: each[0])
        shown += [{**describe_room(room), "closed_ms": closed_ms} for closed_ms, room in ended]
        return JSONResponse({"rooms": shown})

    async def _report(self, request: Request) -> Response:
        """The books; with `?intervals=1` also every room's latest times, one by one."""
        intervals = request.query_params.get("intervals") == "1"
        return JSONResponse(self._books.report(intervals=intervals))

    async def _create(self, request: Request) -> Response:
        arguments = await read_arguments(request)
        room_id, room_id_type = arguments.read_room()
        sdk_app_id = arguments.read_integer("sdk_app_id") or self._sdk_app_ids[0]
        key = (sdk_app_id, room_id, room_id_type)
        room = self._rooms.create(key, arguments.read_text("user_id"), _read_role(arguments))
        return JSONResponse(describe_room(room), 201)

    async def _command(self, request: Request) -> Response:
        arguments = await read_arguments(request)
        command = self._commands.get(request.path_params["verb"])
        if command is None:
            raise RefusedError(404, f"a room can {', '.join(self._commands)}, nothing else")
        room = self._rooms.find(
            request.path_params["room_id"],
            read_query_number(request, "type"),
            read_query_number(request, "sdk_app_id"),
        )
        if request.path_params["verb"] == "say":
            await self._wait_for_task(room, arguments)
        more = command(room, arguments)
        return JSONResponse({**describe_room(room), **more})

    async def _wait_for_task(self, room: Room, arguments: Arguments) -> None:
        """With `wait_s`, let so many seconds pass at most until a task hears who speaks.

        A room that was created a moment ago has none yet. The seconds are real ones on any clock.
        """
        user_id, wait_s = arguments.read_text("user_id"), arguments.read_integer("wait_s")

        async def follow() -> None:
            async for _ in self._feed.subscribe(self._feed.last_seq - 1):
                if any(task.hears(user_id) for task in room.tasks.values()):
                    return

        if wait_s:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(follow(), wait_s)

    async def _follow(self, request: Request) -> Response:
        """Server-sent events: the kept entries after Last-Event-ID or `?after=`, then live ones."""
        after = read_query_number(request, "after") or 0
        last_seen = request.headers.get("last-event-id", "")
        if last_seen.isascii() and last_seen.isdigit():
            after = int(last_seen)
        headers = {"cache-control": "no-store"}
        return StreamingResponse(
            self._write_events(after), media_type="text/event-stream", headers=headers
        )

    async def _write_events(self, after: int) -> AsyncIterator[str]:
        async for entry in self._feed.subscribe(after):
            yield f"id: {entry['seq']}\ndata: {json.dumps(entry)}\n\n"

    def _enter(self, room: Room, arguments: Arguments) -> Mapping[str, object]:
        self._rooms.enter(room, arguments.read_text("user_id"), _read_role(arguments))
        return {}

    def _leave(self, room: Room, arguments: Arguments) -> Mapping[str, object]:
        self._rooms.leave(room, arguments.read_text("user_id"))
        return {}

    def _set_microphone(self, room: Room, arguments: Arguments) -> Mapping[str, object]:
        on = arguments.read_switch("on")
        self._rooms.set_microphone(room, arguments.read_text("user_id"), on=on)
        return {}

    def _say(self, room: Room, arguments: Arguments) -> Mapping[str, object]:
        user_id, text = arguments.read_text("user_id"), arguments.read_text("text")
        translations = arguments.read_texts("translations")
        return {"heard_by": self._rooms.say(room, user_id, text, translations)}

    def _transcribe(self, room: Room, arguments: Arguments) -> Mapping[str, object]:
        user_id, languages = arguments.read_text("user_id"), arguments.read_list("languages")
        return {"task_id": self._rooms.transcribe(room, user_id, languages).task_id}

    def _dismiss(self, room: Room, _arguments: Arguments) -> Mapping[str, object]:
        self._rooms.dismiss(room)
        return {}


def describe_room(room: Room) -> dict[str, object]:
    """A room as `/_local/rooms` shows it."""
    return {
        "sdk_app_id": room.sdk_app_id,
        "room_id": room.room_id,
        "room_id_type": room.room_id_type,
        "open": room.open,
        "opened_ms": room.opened_ms,
        "users": [_describe_user(user) for user in room.users.values()],
        "tasks": [_describe_task(task) for task in room.tasks.values()],
    }


def _describe_user(user: User) -> dict[str, object]:
    return {
        "user_id": user.user_id,
        "role": user.role,
        "microphone": user.microphone,
        "bot": user.bot,
    }


def _describe_task(task: Task) -> dict[str, object]:
    return {
        "task_id": task.task_id,
        "service": task.service,
        "status": task.status,
        "bot_user_id": task.bot_user_id,
        "region": task.region,
        "session_id": task.session_id,
        "started_ms": task.started_ms,
        "languages": list(task.languages),
    }


def _read_role(arguments: Arguments) -> int:
    role = arguments.read_integer("role")
    return ANCHOR if role is None else role
