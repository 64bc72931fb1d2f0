"""Custom messages in rooms, and who gets them."""

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from local.cloud.captions import Json
from local.cloud.feed import Feed
from local.cloud.state import Room, RoomKey, Task

CAPTIONS_CMD_ID = 1  # Source: StartAITranscription; the same in 2.0: assumed


@dataclass(frozen=True)
class CustomMessage:
    """One message, sent to all who were in the room."""

    room: RoomKey
    users: frozenset[str]
    sender: str
    seq: int
    message: Json

    def reaches(self, room: RoomKey, user_id: str | None) -> bool:
        """Whether that user gets it; None is somebody in the room."""
        return self.room == room and (user_id is None or user_id in self.users)

    def describe(self) -> Json:
        """What onRecvCustomCmdMsg of a client SDK is given, under the names of trtc-sdk-v5.

        `message` is text, as the bytes that a client gets.
        """
        text = json.dumps(self.message, ensure_ascii=False, separators=(",", ":"))
        return {
            "userId": self.sender,
            "cmdId": CAPTIONS_CMD_ID,
            "seq": self.seq,
            "message": text,
        }


class Messages:
    """Carries them from tasks to whoever listens; nothing is kept for those who come later."""

    def __init__(self) -> None:
        self._feed = Feed()

    def send(self, task: Task, messages: Iterable[Json]) -> None:
        """Send messages from a task's bot to everybody in its room."""
        users = frozenset(task.room.users)
        for message in messages:
            task.messages_sent += 1
            sent = CustomMessage(
                task.room.key, users, task.bot_user_id, task.messages_sent, message
            )
            self._feed.publish("message", sent=sent)

    def listen(self, room: Room, user_id: str | None) -> AsyncIterator[CustomMessage]:
        """What that user gets from now on, whenever they are in the room, until `close`."""
        return self._follow(room.key, user_id, self._feed.last_seq)

    def close(self) -> None:
        """End all listening."""
        self._feed.close()

    async def _follow(
        self, room: RoomKey, user_id: str | None, after: int
    ) -> AsyncIterator[CustomMessage]:
        async for entry in self._feed.subscribe(after):
            sent = entry["sent"]
            if isinstance(sent, CustomMessage) and sent.reaches(room, user_id):
                yield sent
