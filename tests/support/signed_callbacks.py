"""A room as TRTC tells of it: signed callbacks into the real handler, against the real emulator."""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import trtc_callback

from shared.ledger import RoomBook, open_ledger
from shared.lifecycle.signs_of_life import FRESH_MS
from shared.room import Room
from shared.scf import now_ms
from shared.signer import sign_callback
from tests.support.emulator import (
    APPLICATION,
    SDK_APP_ID,
    RunningCloud,
)

# Longer than any other name in the answers and logs that may begin like one.
USER_SIG = re.compile(r"eJ[\w*-]{60}")
RULES = """
[defaults]
ignore_users = "recorder-*"
[defaults.cloud]
region = "ap-singapore"
language = "bigmodel-en"
[defaults.ai]
region = "ap-singapore"
language = "16k_zh_en"
[[rules]]
name = "private"
room = "private-*"
service = "none"
[[rules]]
name = "ai"
room = ["ai-*", "20000-29999"]
service = "ai"
[[rules]]
name = "when somebody enters"
room = "enter-*"
start_on = "user_entered"
[[rules]]
name = "when somebody talks"
room = "talk-*"
start_on = "audio_started"
[[rules]]
name = "a task per speaker"
room = "speakers-*"
scope = "user"
[[rules.speakers]]
user = "zh-*"
cloud = { language = "bigmodel-zh" }
[[rules.speakers]]
user = ["en-*"]
[[rules]]
name = "refused and fallback"
room = "fallback-*"
fallback = "ai"
[[rules]]
name = "everything else"
room = "*"
"""


@dataclass
class Scene:
    """An emulator, a rules file and the handler; events are a millisecond apart unless said otherwise."""

    cloud: RunningCloud
    capsys: pytest.CaptureFixture[str]
    _clock: Iterator[int] = field(default_factory=lambda: itertools.count(now_ms()))

    def send(
        self, event_type: int, room_id: int | str, user_id: str | None = None, **info: Any
    ) -> int:
        """Deliver a callback to the handler; the HTTP status. `event_ms` sets when it happened."""
        event_ms = info.pop("event_ms", None) or next(self._clock)
        event_info = {"RoomId": room_id, "EventTs": event_ms // 1000, "EventMsTs": event_ms, **info}
        if user_id is not None:
            event_info["UserId"] = user_id
        if event_type == 103:
            event_info.setdefault("Role", 20)
        event_info = {key: value for key, value in event_info.items() if value is not None}
        group = event_type // 100
        body = {
            "EventGroupId": group,
            "EventType": event_type,
            "CallbackTs": now_ms(),
            "EventInfo": event_info,
        }
        return self.post(json.dumps(body, indent="\t"))

    def post(self, body: str) -> int:
        """Deliver a body, signed, to the handler; the HTTP status."""
        headers = {
            "content-type": "application/json",
            "sign": sign_callback(APPLICATION.callback_key, body.encode()),
            "sdkappid": str(SDK_APP_ID),
        }
        event = {"httpMethod": "POST", "path": "/", "headers": headers, "body": body}
        return int(trtc_callback.main_handler(event, {"time_limit_in_ms": 10_000})["statusCode"])

    def now_ms(self) -> int:
        """A time after every event so far."""
        return next(self._clock)

    def tasks(self) -> list[dict[str, Any]]:
        """The tasks the emulator runs."""
        return [
            task for task in self.cloud.list_tasks() if task["status"] not in ("Stopped", "Exited")
        ]

    def age_tasks(self, room_id: str) -> None:
        """Let the room's tasks have begun a while ago: a new one that is not found is not believed gone."""

        def age(book: RoomBook) -> None:
            for session in book.sessions:
                for task in session.tasks.values():
                    for task_id in task.task_ids:
                        task_id.started_ms -= FRESH_MS

        open_ledger(os.environ["LEDGER_URL"]).change(Room(SDK_APP_ID, room_id, 1), age)

    def lines(self) -> list[dict[str, Any]]:
        """The log lines since the last look."""
        return [json.loads(line) for line in self.capsys.readouterr().out.splitlines()]

    def words(self) -> list[str]:
        """The same, as `message outcome`."""
        return [f"{line['message']} {line.get('outcome', '')}".strip() for line in self.lines()]
