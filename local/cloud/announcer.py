"""Tells the webhook and the live feed what happens."""

from collections.abc import Mapping

from local.cloud.callbacks import write_body
from local.cloud.clock import Clock
from local.cloud.config import CloudConfig
from local.cloud.delivery import Delivery
from local.cloud.events import ROOM_EVENTS, TASK_GROUPS, TASK_STARTED
from local.cloud.feed import Feed
from local.cloud.state import Room, Task, User
from local.cloud.words import DOCUMENTED_NAMES, NAMES


class Announcer:
    """Writes every event once for the webhook and once for the feed."""

    def __init__(self, config: CloudConfig, clock: Clock, feed: Feed, delivery: Delivery) -> None:
        self._config = config
        self._clock = clock
        self._feed = feed
        self._delivery = delivery

    def tell_room(self, room: Room, event_type: int, user: User | None, **info: int) -> int:
        """Send an event of group 1 or 2 and return its EventMsTs; `info` is what it says further."""
        group, kind = ROOM_EVENTS[event_type]
        event_ms = room.tick(self._clock.now_ms())
        who: dict[str, object] = {} if user is None else {"UserId": user.user_id}
        event_info = {
            "RoomId": self._write_room_id(room, event_type),
            "EventTs": event_ms // 1000,
            "EventMsTs": event_ms,
            **who,
            **info,
        }
        self._send(room, group, event_type, event_info)
        self._publish(kind, room, {} if user is None else _show_user(user))
        return event_ms

    def tell_task(
        self, task: Task, event_type: int, payload: Mapping[str, object], **info: object
    ) -> None:
        """Send an event of group 9 or 14; `info` stands beside its payload."""
        is_documented = task.service == "ai" or event_type == TASK_STARTED["cloud"]
        names = DOCUMENTED_NAMES if is_documented else NAMES[self._config.cloud_words]
        robot_name, payload_name = names
        robot = {robot_name: task.bot_user_id} if task.service == "cloud" else {}
        event_info = {
            "EventMsTs": task.room.tick(self._clock.now_ms()),
            "TaskId": task.task_id,
            "RoomId": task.room.room_id,
            "RoomIdType": task.room.room_id_type,
            **robot,
            **info,
            payload_name: payload,
        }
        self._send(task.room, TASK_GROUPS[task.service], event_type, event_info)

    def show_task(self, kind: str, task: Task, **fields: object) -> None:
        """Put a task's step into the feed."""
        about = {
            "task_id": task.task_id,
            "service": task.service,
            "bot_user_id": task.bot_user_id,
        }
        self._publish(kind, task.room, {**about, **fields})

    def show_room(self, kind: str, room: Room, **fields: object) -> None:
        """Put what happens in a room into the feed, of which no callback tells."""
        self._publish(kind, room, fields)

    def _write_room_id(self, room: Room, event_type: int) -> str | int:
        as_text = event_type == 102 and self._config.dismissed_room_id == "string"
        return room.room_id if room.room_id_type == 1 or as_text else int(room.room_id)

    def _send(
        self, room: Room, group: int, event_type: int, event_info: Mapping[str, object]
    ) -> None:
        callback = {
            "EventGroupId": group,
            "EventType": event_type,
            "CallbackTs": max(self._clock.now_ms(), room.last_event_ms),
            "EventInfo": event_info,
        }
        self._delivery.send(room.key, event_type, write_body(callback))

    def _publish(self, kind: str, room: Room, fields: Mapping[str, object]) -> None:
        where = {
            "sdk_app_id": room.sdk_app_id,
            "room_id": room.room_id,
            "room_id_type": room.room_id_type,
        }
        self._feed.publish(kind, **where, **fields)


def _show_user(user: User) -> dict[str, object]:
    return {"user_id": user.user_id, "role": user.role, "bot": user.bot}
