"""Emulator, ledger and lifecycle in one process, on one manual clock, with nothing in between.

Callbacks lie in a letter box until somebody delivers them; calls of the API run the emulator's
actions at once, unless a trouble is planned for them. So a test decides the order of everything.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import msgspec

from local.cloud import errors
from local.cloud.actions import Actions
from local.cloud.announcer import Announcer
from local.cloud.books import Books
from local.cloud.clock import ManualClock
from local.cloud.config import CloudConfig
from local.cloud.delivery import MAX_AGE_MS, Delivery
from local.cloud.faults.plan import Plan
from local.cloud.feed import Feed
from local.cloud.history import History
from local.cloud.messages import Messages
from local.cloud.parameters import ACTIONS
from local.cloud.presence import Presence
from local.cloud.room_data import RoomData
from local.cloud.rooms import Rooms
from local.cloud.speech import Speech
from local.cloud.state import RoomKey, World
from local.cloud.tasks import Tasks
from shared.api.client import Client
from shared.callbacks import parse_event
from shared.errors import ApiError
from shared.ledger import Ledger
from shared.lifecycle.drainer import drain
from shared.lifecycle.events import act_on
from shared.lifecycle.outcome import Outcome, find_status
from shared.resources import Resources
from shared.rules.file import parse_rules
from shared.scf import Invocation, Json
from shared.settings import Settings

When = Literal["before", "after"]


class DiedError(BaseException):
    """The instance is killed: nothing that Roomscribe does about errors may catch it."""


@dataclass(eq=False)
class Letter:
    """A callback on its way."""

    room: RoomKey
    event_type: int
    body: bytes
    sent_ms: int


class LetterBox(Delivery):
    """Takes the emulator's callbacks and keeps them."""

    def __init__(self, clock: ManualClock) -> None:
        self._box_clock = clock
        self.letters: list[Letter] = []

    def send(self, room: RoomKey, event_type: int, body: bytes) -> None:
        self.letters.append(Letter(room, event_type, body, self._box_clock.now_ms()))


@dataclass
class Trouble:
    """What goes wrong with one call: before or after it has its effect."""

    when: When
    code: str  # of the answer; "" when the caller dies

    def strike(self) -> None:
        if not self.code:
            raise DiedError
        unseen = self.code == "ClientNetworkError" and self.when == "after"
        raise ApiError(self.code, may_have_happened=unseen)


class DirectClient:
    """What the client of the API does, without a wire."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        self._turn = threading.RLock()  # what happens during a call may call, too
        self.troubles: list[Trouble] = []  # of the next calls, one each
        self.meanwhile: Callable[[], None] | None = None  # before the next answer arrives

    def call(
        self, action: str, params: Mapping[str, Any], region: str, _timeout_s: float
    ) -> dict[str, Any]:
        with self._turn:
            trouble = self.troubles.pop(0) if self.troubles else None
            if trouble and trouble.when == "before":
                trouble.strike()
            try:
                checked = ACTIONS[action].check(
                    json.loads(json.dumps(params)), "both", from_query=False
                )
                answer = self._actions.run(action, region, checked)
            except errors.ApiError as error:
                raise ApiError(error.code) from None
            meanwhile, self.meanwhile = self.meanwhile, None
            if meanwhile:
                meanwhile()
            if trouble:
                trouble.strike()
            return {**answer, "RequestId": "r"}


class CalledResources(Resources, frozen=True):
    """Resources whose drain function is only noted as called."""

    called: list[Json] = msgspec.field(default_factory=list)

    def invoke(self, function: str, event: Json) -> None:  # noqa: ARG002
        self.called.append(event)


class OneProcess:
    """The emulator and Roomscribe beside it; `deliver` and `drain` are its functions."""

    def __init__(self, config: CloudConfig, settings: Settings, rules: str, ledger: Ledger) -> None:
        clock = self.clock = ManualClock()
        feed = Feed(clock.now_ms)
        self.box = LetterBox(clock)
        announcer = Announcer(config, clock, feed, self.box)
        self.world = World()
        self.books = Books(self.world, clock)
        history = History()
        presence = Presence(config, self.books, announcer, history)
        self.tasks = Tasks(
            config,
            clock,
            self.world,
            self.books,
            announcer,
            presence,
            Plan(lambda _strike: None, clock.now_ms),
        )
        speech = Speech(config, clock, announcer, Messages())
        self.rooms = Rooms(config, clock, self.world, presence, self.tasks, speech)
        room_data = RoomData(config, clock, history)
        actions = Actions(config, clock, self.world, self.tasks, room_data)
        self.client = DirectClient(actions)
        invocation = Invocation("", "", "", 64, "", "", False, 0, time.monotonic() + 3600)
        self.resources = CalledResources(
            settings=settings,
            rules=parse_rules(rules),
            ledger=ledger,
            client=cast("Client", self.client),
            invocation=invocation,
            now_ms=clock.now_ms,
            sleep=self.sleep,
        )

    def close(self) -> None:
        self.resources.ledger.close()

    def sleep(self, seconds: float) -> None:
        """Time passes, at least a millisecond of it."""
        self.clock.advance(max(1, round(seconds * 1000)))

    def deliver(self, letter: Letter, *, again: bool = False) -> list[Outcome]:
        """TRTC delivers a callback; it stays in the box when it must come back, or comes `again`."""
        callback = parse_event(letter.room[0], json.loads(letter.body))
        try:
            outcomes = act_on(callback, self.resources)
        except DiedError:
            return []
        status = find_status(outcomes, drainer_comes=self.resources.settings.has_drainer)
        if status == 200 and not again and letter in self.box.letters:
            self.box.letters.remove(letter)
        return outcomes

    def give_up_old(self) -> list[Letter]:
        """TRTC gives up what nobody took for a minute."""
        oldest_ms = self.clock.now_ms() - MAX_AGE_MS
        old = [letter for letter in self.box.letters if letter.sent_ms < oldest_ms]
        self.box.letters = [letter for letter in self.box.letters if letter not in old]
        return old

    def drain(self, token: str = "") -> list[Outcome]:
        """A drainer runs."""
        told: list[Outcome] = []
        try:
            for _, outcomes in drain(self.resources, token):
                told += outcomes
        except DiedError:
            pass
        return told

    def sum_s(self, kind: str) -> float:
        """What the emulator's books say: missing, doubled or orphaned seconds."""
        return float(str(self.books.report()[f"{kind}_s"]))
