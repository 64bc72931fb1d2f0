"""`/_local/rooms/{room_id}/messages`: a room's custom messages, as a client in it gets them."""

import json
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from local.cloud.arguments import read_query_number, refusing
from local.cloud.messages import CustomMessage, Messages
from local.cloud.rooms import Rooms


class MessagesApi:
    """The route; errors are 4xx with `{"error": sentence}`."""

    def __init__(self, rooms: Rooms, messages: Messages) -> None:
        self._rooms = rooms
        self._messages = messages

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/_local/rooms/{room_id}/messages", refusing(self._listen), methods=["GET"]),
        ]

    async def _listen(self, request: Request) -> Response:
        """Server-sent events from now on; with `?user_id=`, what that user gets while in the room."""
        room = self._rooms.find(
            request.path_params["room_id"],
            read_query_number(request, "type"),
            read_query_number(request, "sdk_app_id"),
        )
        messages = self._messages.listen(room, request.query_params.get("user_id"))
        headers = {"cache-control": "no-store"}
        return StreamingResponse(
            _write_events(messages), media_type="text/event-stream", headers=headers
        )


async def _write_events(messages: AsyncIterator[CustomMessage]) -> AsyncIterator[str]:
    async for message in messages:
        yield f"data: {json.dumps(message.describe())}\n\n"
