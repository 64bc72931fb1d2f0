"""One room, a clock in hand and an API faked at HTTP level: where starts and stops go wrong on purpose."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import responses

from shared.api.client import Client
from shared.callbacks import Callback, parse_event
from shared.console.commands import stop_room
from shared.console.describe import describe_room
from shared.console.request import RoomRequest
from shared.ledger import RoomBook, Session, Task, claims, open_ledger
from shared.lifecycle.drainer import drain
from shared.lifecycle.events import act_on
from shared.lifecycle.outcome import Outcome
from shared.resources import Resources
from shared.room import WHOLE_ROOM, Room
from shared.rules.file import parse_rules
from shared.scf import Invocation
from shared.settings import Credentials, read_settings
from shared.signer import bot_user_id
from shared.task_news import TaskNews
from tests.support.instance import SDK_APP_ID, SDK_SECRET_KEY, SETTINGS

ENDPOINT = "https://trtc.example"
RULES = """
[defaults.cloud]
region = "ap-singapore"
language = "bigmodel-en"
[defaults.ai]
region = "ap-tokyo"
[[rules]]
name = "ai"
room = "ai-*"
service = "ai"
[[rules]]
name = "with fallback"
room = "fallback-*"
fallback = "ai"
[[rules]]
name = "a task per speaker"
room = "speakers-*"
scope = "user"
[[rules]]
name = "everything else"
room = "*"
"""
LIVES = {"Response": {"TaskId": "task-7", "Status": "InProgress", "RequestId": "r-2"}}
ENDED = {"Response": {"TaskId": "task-7", "Status": "Stopped", "RequestId": "r-2"}}
STARTED = {"Response": {"TaskId": "task-1", "RequestId": "r-1"}}
OPENED_MS = 1_700_000_000_000
MANY = 100  # calls a second: more than the limiter lets go out of any kind


def error(code: str) -> dict[str, Any]:
    return {"Response": {"Error": {"Code": code, "Message": "no"}, "RequestId": "r-9"}}


@dataclass
class Stage:
    """One room, one clock, one faked API that remembers what it was asked."""

    resources: Resources
    api: responses.RequestsMock
    now_ms: int = OPENED_MS
    room_id: str = "room"

    @property
    def room(self) -> Room:
        return Room(SDK_APP_ID, self.room_id, 1)

    def create(self, *, user_id: str = "ann") -> Outcome:
        return self.event(101, OPENED_MS, user_id)

    def event(self, event_type: int, event_ms: int, user_id: str | None = None) -> Outcome:
        callback = Callback(self.room, event_type, event_ms, True, user_id, 20)
        *_, outcome = act_on(callback, self.resources)
        return outcome

    def all(self, event_type: int, event_ms: int, user_id: str | None = None) -> list[str]:
        """The messages of every outcome of an event."""
        return [outcome.message for outcome in self.outcomes(event_type, event_ms, user_id)]

    def outcomes(self, event_type: int, event_ms: int, user_id: str | None = None) -> list[Outcome]:
        """Every outcome of an event."""
        callback = Callback(self.room, event_type, event_ms, True, user_id)
        return act_on(callback, self.resources)

    def tell(
        self,
        event_type: int,
        task_id: str,
        event_ms: int,
        *,
        leave_code: int | None = None,
        bot: str | None = None,
        failed: bool = False,
    ) -> list[Outcome]:
        """TRTC tells of a task."""
        service = "ai" if event_type < 1000 else "cloud"
        news = TaskNews(task_id, service, bot, leave_code, failed)
        callback = Callback(self.room, event_type, event_ms, task=news)
        return act_on(callback, self.resources)

    def say(
        self,
        event_type: int,
        task_id: str,
        event_ms: int,
        text: str = "good morning",
        *,
        bot: str | None = None,
        **payload: Any,
    ) -> list[Outcome]:
        """TRTC tells what a task has heard, a round of its own for each text."""
        info = {
            "EventMsTs": event_ms,
            "TaskId": task_id,
            "RoomId": self.room_id,
            "RoomIdType": 1,
            "Payload": {"UserId": "ann", "Text": text, "RoundId": text, **payload},
        }
        if bot:
            info["RobotId"] = bot
        event = {"EventType": event_type, "CallbackTs": event_ms, "EventInfo": info}
        return act_on(parse_event(SDK_APP_ID, event), self.resources)

    def texts(self) -> list[str]:
        """What the newest session's transcript holds."""
        kept = self.resources.ledger.list_sentences(self.session(), 0)
        return [news.said.text for news in kept if news.said]

    def describe(self) -> dict[str, Any]:
        """What describe_room tells of the room's newest session."""
        request = RoomRequest(self.room, None, "now", {})
        _, result = describe_room(request, self.resources)
        session: dict[str, Any] = result["sessions"][0]
        return session

    def stop(self) -> dict[str, Any]:
        """A person stops the room; what stop_transcription answers."""
        _, result = stop_room(RoomRequest(self.room, None, "now", {}), self.resources)
        return result

    def change(self, session: Session, work: Callable[[Session], object]) -> None:
        """Change a session in the ledger, as nothing but a fault could."""
        self.resources.ledger.change(session.room, lambda book: work(book.get(session.id)))

    def sleep(self, seconds: float) -> None:
        """Time passes, at least a millisecond of it."""
        self.now_ms += max(1, round(seconds * 1000))

    def use_up(self, slot: str) -> None:
        """The limiter lets no call like "start/cloud" go out for a second from now."""
        for _ in range(MANY):
            self.resources.ledger.take_slot(slot, MANY, self.now_ms)

    def drain(self) -> list[str]:
        """What a drainer does now, in messages."""
        return [outcome.message for _, outcomes in drain(self.resources) for outcome in outcomes]

    def bot(self, target: str = WHOLE_ROOM) -> str:
        """The UserId of our bot in the room."""
        return bot_user_id(Room(SDK_APP_ID, self.room_id, 1), SDK_SECRET_KEY, target)

    def answer(self, action: str, *answers: object) -> None:
        """The API's next answers to an action; the last one stays."""
        for answer in answers:
            body = {"body": answer} if isinstance(answer, Exception) else {"json": answer}
            self.api.add(responses.POST, ENDPOINT + "/", match=[_match(action)], **body)

    def answer_while(
        self, action: str, meanwhile: Callable[[], object], answer: object, *later: object
    ) -> None:
        """The same; `meanwhile` happens between the first answer's effect and its arrival."""

        def reply(_request: object) -> tuple[int, dict[str, str], str]:
            meanwhile()
            return 200, {}, json.dumps(answer)

        self.api.add_callback(responses.POST, ENDPOINT + "/", reply, match=[_match(action)])
        self.answer(action, *later)

    def asked(self) -> list[str]:
        return [str(call.request.headers["X-TC-Action"]) for call in self.api.calls]

    def body(self, number: int = -1) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.api.calls[number].request.body or "")
        return body

    def task(self) -> Task:
        return self.session().tasks["*"]

    def session(self) -> Session:
        return self.resources.ledger.read(self.room).sessions[0]


def _match(action: str) -> Callable[..., Any]:
    return responses.matchers.header_matcher({"X-TC-Action": action})


def make_stage(api: responses.RequestsMock, ledger_url: str, **invocation: Any) -> Stage:
    known = {"cold_start": False, "started_ms": 0, "deadline_s": time.monotonic() + 60}
    context = Invocation("", "", "", 64, "", "", **{**known, **invocation})
    stage: Stage
    resources = Resources(
        settings=read_settings(SETTINGS),
        rules=parse_rules(RULES),
        ledger=open_ledger(ledger_url),
        client=Client(ENDPOINT, credentials=lambda: Credentials("id", "key", None)),
        invocation=context,
        now_ms=lambda: stage.now_ms,
        sleep=lambda seconds: stage.sleep(seconds),
    )
    stage = Stage(resources, api)
    return stage


def claim_for_another(stage: Stage) -> Task:
    """Somebody else is starting the room's task, for the room's own 101."""

    def claim(book: RoomBook) -> Task:
        _, session = book.open_session(OPENED_MS, stage.resources.rules.decide(*book.room))
        assert session
        trigger, now_ms = f"101/{OPENED_MS}/ann", stage.now_ms
        service = session.rule.service
        return claims.claim_start(
            session, "*", service, trigger=trigger, token="another", now_ms=now_ms
        )[1]

    return stage.resources.ledger.change(stage.room, claim)
