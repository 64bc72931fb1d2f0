"""Rooms, tasks, the API and people do anything in any order; the emulator's books say what came of it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from local.cloud.errors import RefusedError
from local.cloud.state import ANCHOR, Room
from local.redis_server import RedisServer
from shared.console.commands import start_room, stop_room
from shared.console.request import RoomRequest
from shared.errors import RoomscribeError
from shared.ledger import Ledger, Task
from shared.lifecycle import drainer as draining
from shared.room import Room as RoomName
from shared.settings import read_settings
from tests.support.direct_calls import DiedError, Letter, OneProcess, Trouble
from tests.support.emulator import APPLICATION, CONFIG, SDK_APP_ID
from tests.support.ledger_steps import open_redis, open_sqlite
from tests.support.redis_servers import be_patient, empty
from tests.support.signed_callbacks import RULES

ROOMS = {
    "cloud": ("lobby", 1),
    "ai": ("ai-1", 1),
    "numeric": ("20007", 0),
    "speakers": ("speakers-1", 1),
    "enter": ("enter-1", 1),
    "talk": ("talk-1", 1),
    "fallback": ("fallback-1", 1),
}
PEOPLE = ("en-ann", "zh-bo")
SIGNS = (101, 102, 103, 104, 203, 204)
TASK_NEWS = (901, 902, 1401, 1402)
DIES = ""  # who calls
UNSURE = ("InternalError", "ClientNetworkError", DIES)
REFUSALS = (
    *UNSURE,
    "RequestLimitExceeded",
    "ResourceInsufficient.RequestRejection",
    "FailedOperation",
    "UnsupportedOperation",
)
MANY = os.environ.get("MACHINE_EXAMPLES")  # for a long hunt with another seed each time
SWEEP_MS = 30_000
SWEEPS = 24  # longer than any restart is put off here, and than two checks
SETTINGS = {
    "TRTC_SDK_APP_ID": str(SDK_APP_ID),
    "TRTC_SDK_SECRET_KEY": APPLICATION.secret_key,
    "TRTC_CALLBACK_KEY": APPLICATION.callback_key,
    "TENCENT_SECRET_ID": "id",
    "TENCENT_SECRET_KEY": "key",
}

kinds = st.sampled_from(sorted(ROOMS))
people = st.sampled_from(PEOPLE)
numbers = st.integers(0, 30)


class Meetings(RuleBasedStateMachine):
    """Two rooms, two people, and everything that may go wrong."""

    same_bot: Any = "replace"
    redis: RedisServer | None = None  # None: an SQLite file in memory

    def __init__(self) -> None:
        super().__init__()
        self.one: OneProcess
        self.unheard: set[str] = set()  # rooms of which something was lost for good
        self.unknown_tasks = False  # news of a task was lost for good
        self.excused: set[str] = set()  # rooms in which somebody wanted no transcription
        self.crashes = 0

    @initialize(
        two=st.lists(kinds, min_size=2, max_size=2, unique=True),
        bots_hold_rooms=st.booleans(),
        leave_code=st.sampled_from(("always", "ai", "never")),
        dismissed=st.sampled_from(("same", "string")),
        dismissal_ends_tasks=st.booleans(),
        start_needs=st.sampled_from(("nothing", "room", "anchor")),
        lookup_lag_ms=st.sampled_from((0, 10_000)),
        has_drainer=st.booleans(),
    )
    def begin(
        self,
        two: list[str],
        bots_hold_rooms: bool,
        leave_code: Any,
        dismissed: Any,
        dismissal_ends_tasks: bool,
        start_needs: Any,
        lookup_lag_ms: int,
        has_drainer: bool,
    ) -> None:
        environ = {**SETTINGS, "DRAIN_FUNCTION": "drain_starts"} if has_drainer else SETTINGS
        self.names = [ROOMS[kind] for kind in two]
        config = replace(
            CONFIG,
            same_bot=self.same_bot,
            bots_hold_rooms=bots_hold_rooms,
            leave_code=leave_code,
            dismissed_room_id=dismissed,
            dismissal_ends_tasks=dismissal_ends_tasks,
            start_needs=start_needs,
            lookup_lag_ms=lookup_lag_ms,
            wanted=want,
        )
        self.one = OneProcess(config, read_settings(environ), RULES, self.open_ledger())

    def open_ledger(self) -> Ledger:
        """An empty one."""
        if self.redis is None:
            return open_sqlite(":memory:")
        empty(self.redis)
        return open_redis(be_patient(self.redis))

    def teardown(self) -> None:
        if hasattr(self, "one"):
            try:
                self.settle()
            finally:
                self.one.close()

    # What people do

    @rule(index=st.integers(0, 1), user=people, dismisses=st.booleans())
    def room_opens_or_closes(self, index: int, user: str, dismisses: bool) -> None:
        room = self.find_room(index)
        if room is None or not room.open:
            name, room_id_type = self.names[index]
            self.one.rooms.create((SDK_APP_ID, name, room_id_type), user, ANCHOR)
        elif dismisses:
            self.one.rooms.dismiss(room)

    @rule(index=st.integers(0, 1), user=people)
    def somebody_comes_or_goes(self, index: int, user: str) -> None:
        room = self.find_room(index)
        if room and room.open and user in room.users:
            self.one.rooms.leave(room, user)
        elif room and room.open:
            self.one.rooms.enter(room, user, ANCHOR)

    @rule(index=st.integers(0, 1), user=people)
    def somebody_uses_the_microphone(self, index: int, user: str) -> None:
        room = self.find_room(index)
        if room and room.open and user in room.users:
            self.one.rooms.set_microphone(room, user, on=not room.users[user].microphone)

    @rule(index=st.integers(0, 1), user=people)
    def somebody_speaks(self, index: int, user: str) -> None:
        room = self.find_room(index)
        if room and room.open and user in room.users:
            self.one.rooms.say(room, user, "Hello.", {})

    @rule(index=st.integers(0, 1), user=people)
    def client_starts_its_own_transcriber(self, index: int, user: str) -> None:
        room = self.find_room(index)
        if room and room.open and user in room.users:
            with suppress(RefusedError):  # it takes a place of the quota like any other
                self.one.rooms.transcribe(room, user, [])

    @rule(index=st.integers(0, 1), starts=st.booleans())
    def somebody_at_the_console(self, index: int, starts: bool) -> None:
        (name, room_id_type), room = self.names[index], self.find_room(index)
        if starts and not (room and room.open):
            return  # a bot in a room that is not open is what was asked for, and orphaned
        request = RoomRequest(RoomName(SDK_APP_ID, name, room_id_type), None, "now", {})
        with suppress(DiedError, RoomscribeError):
            (start_room if starts else stop_room)(request, self.one.resources)
        if not starts:
            self.excused.add(name)

    # What TRTC does

    @precondition(lambda self: self.one.box.letters)
    @rule(number=numbers, again=st.booleans())
    def callback_comes(self, number: int, again: bool) -> None:
        letters = self.one.box.letters
        self.one.deliver(letters[number % len(letters)], again=again)

    @precondition(lambda self: self.one.box.letters)
    @rule()
    def callbacks_come_in_order(self) -> None:
        for letter in list(self.one.box.letters):
            self.one.deliver(letter)

    @precondition(lambda self: self.one.box.letters)
    @rule(number=numbers)
    def callback_is_lost(self, number: int) -> None:
        letters = self.one.box.letters
        self.note_lost(letters.pop(number % len(letters)))

    @precondition(lambda self: self.crashes < 4 and any(self.one.world.live.values()))
    @rule(number=numbers, code=st.sampled_from((0, 1, 2, 3, 4, 98, 99)))
    def task_ends(self, number: int, code: int) -> None:
        running = [task for room in self.one.world.rooms.values() for task in room.api_tasks]
        if not running:
            return
        task = running[number % len(running)]
        self.crashes += 1
        if code in (0, 1, 3):
            self.excused.add(task.room.room_id)
        if code != 98:
            self.unheard.add(task.room.room_id)
        self.one.tasks.end(task, code)

    @precondition(lambda self: self.one.box.letters)
    @rule(number=numbers)
    def callback_comes_during_the_next_call(self, number: int) -> None:
        def come() -> None:
            letters = self.one.box.letters
            if letters:
                self.one.deliver(letters[number % len(letters)])

        self.one.client.meanwhile = come

    @rule(code=st.sampled_from(REFUSALS))
    def call_will_fail(self, code: str) -> None:
        self.one.client.troubles.append(Trouble("before", code))

    @rule(code=st.sampled_from(UNSURE))
    def call_will_fail_after_its_effect(self, code: str) -> None:
        self.one.client.troubles.append(Trouble("after", code))

    # What happens by itself

    @rule(ms=st.sampled_from((50, 1_000, 3_000, 7_000, 12_000, 31_000, 61_000, 130_000)))
    def time_passes(self, ms: int) -> None:
        self.one.clock.advance(ms)
        for letter in self.one.give_up_old():
            self.note_lost(letter)

    @rule()
    def drainer_runs(self) -> None:
        called = self.one.resources.called
        self.one.drain(json.loads(json.dumps(called.pop(0)))["token"] if called else "")
        for letter in self.one.give_up_old():
            self.note_lost(letter)

    # What must hold

    @invariant()
    def nobody_is_heard_twice(self) -> None:
        if hasattr(self, "one") and self.same_bot != "both":
            assert self.one.sum_s("doubled") == 0

    @invariant()
    def ledger_can_be_read(self) -> None:
        if hasattr(self, "one"):
            self.list_tasks()

    def settle(self) -> None:
        """No more faults; every callback comes; people whose news was lost show that they are there."""
        one = self.one
        one.client.troubles.clear()
        one.client.meanwhile = None
        self.sweep(1)
        for index, (name, _) in enumerate(self.names):
            room = self.find_room(index)
            if room and room.open and name in self.unheard:
                for user_id in list(room.anchors):
                    one.rooms.set_microphone(room, user_id, on=False)
                    one.rooms.say(room, user_id, "Here I am.", {})
        self.sweep(SWEEPS)
        before = {kind: self.measure(kind) for kind in ("missing", "doubled", "orphaned")}
        self.sweep(3)
        for kind in before:
            assert self.measure(kind) == before[kind], (kind, self.describe())
        for task in self.list_tasks():
            assert task.state in ("running", "stopped", "failed", "held"), self.describe()
        next_ms = one.resources.ledger.find_next_due()
        assert next_ms is None or next_ms > one.clock.now_ms(), self.describe()
        self.judge_rooms()

    def judge_rooms(self) -> None:
        for index, (name, _) in enumerate(self.names):
            room = self.find_room(index)
            known = self.list_room_tasks(index)
            current = {task.task_id for task in known if task.state == "running"}
            if room is None:
                assert not current, self.describe()
                continue
            ours = {task.task_id for task in room.api_tasks}
            if not room.open:
                assert not room.tasks, self.describe()
            assert current <= ours, self.describe()
            if self.same_bot == "replace" and name not in self.unheard:
                assert ours <= current, self.describe()

    def sweep(self, times: int) -> None:
        """Time passes, callbacks come, and the drainer's timer rings, so often."""
        for _ in range(times):
            self.one.clock.advance(SWEEP_MS)
            for letter in list(self.one.box.letters):
                self.one.deliver(letter)
            self.one.drain()

    def measure(self, kind: str) -> float:
        """The seconds that count: nobody is missed where somebody wanted no transcription."""
        rooms: Any = self.one.books.report()["rooms"]
        return sum(
            float(room[f"{kind}_s"])
            for room in rooms
            if kind != "missing" or room["room_id"] not in self.excused
        )

    def note_lost(self, letter: Letter) -> None:
        if letter.event_type in SIGNS:
            self.unheard.add(letter.room[1])
        if letter.event_type in TASK_NEWS:
            self.unheard.add(letter.room[1])
            self.unknown_tasks = True

    def find_room(self, index: int) -> Room | None:
        name, room_id_type = self.names[index]
        return self.one.world.rooms.get((SDK_APP_ID, name, room_id_type))

    def list_room_tasks(self, index: int) -> list[Task]:
        name, room_id_type = self.names[index]
        book = self.one.resources.ledger.read(RoomName(SDK_APP_ID, name, room_id_type))
        return [task for session in book.sessions for task in session.tasks.values()]

    def list_tasks(self) -> list[Task]:
        return [task for index in (0, 1) for task in self.list_room_tasks(index)]

    def describe(self) -> str:
        """The ledger beside the emulator, for whoever reads a failure."""
        lines = [f"now {self.one.clock.now_ms()} excused {self.excused} unheard {self.unheard}"]
        for index, (name, room_id_type) in enumerate(self.names):
            book = self.one.resources.ledger.read(RoomName(SDK_APP_ID, name, room_id_type))
            lines += [f"{name}: {session}" for session in book.sessions]
            room = self.find_room(index)
            if room:
                tasks = [(t.task_id, t.status, t.started_ms) for t in room.tasks.values()]
                lines.append(f"open {room.open} people {[*room.anchors]} tasks {tasks}")
        return "\n".join(lines)


def want(_sdk_app_id: int, room_id: str, _room_id_type: int, _user_id: str) -> Any:
    """What the rules say about the people of these rooms."""
    return "microphone" if room_id == "talk-1" else "present"


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("redis", marks=pytest.mark.slow)])
@pytest.mark.parametrize("same_bot", ["replace", "refuse", "both"])
def test_meetings(
    same_bot: str, engine: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One call at a time, so that the same choices lead to the same end.
    monkeypatch.setattr(draining, "CALLS_AT_ONCE", 1)
    redis = request.getfixturevalue("redis_server") if engine == "redis" else None
    machine = type("Meetings", (Meetings,), {"same_bot": same_bot, "redis": redis})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=int(MANY or 20),
            stateful_step_count=40,
            report_multiple_bugs=False,
            derandomize=MANY is None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        ),
    )
