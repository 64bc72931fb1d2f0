"""What people do in the rooms, drawn from a seed: meetings of half an hour or so."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

MINUTE_MS = 60_000
NUMBERED = 20_000  # numeric rooms from here on; a rule of their own

# Each kind of room has its rule in rules.toml beside this file.
KINDS = ("cloud", "ai", "enter", "talk", "speakers", "fallback", "numbered")

Verb = Literal[
    "create", "enter", "leave", "microphone", "audience", "anchor", "say", "dismiss", "delete"
]


@dataclass(frozen=True)
class Lengths:
    """How long meetings are, and within which time all of them begin."""

    shortest_ms: int = 25 * MINUTE_MS
    longest_ms: int = 45 * MINUTE_MS
    spread_ms: int = 5 * MINUTE_MS


@dataclass(frozen=True)
class Step:
    """Something a person does, `at_ms` after the beginning."""

    at_ms: int
    verb: Verb
    user_id: str = ""
    on: bool = True


@dataclass
class Meeting:
    """One life of a room."""

    sdk_app_id: int
    room_id: str
    room_id_type: int
    begin_ms: int
    end_ms: int
    steps: list[Step] = field(default_factory=list)

    @property
    def hours(self) -> float:
        """How long it is."""
        return (self.end_ms - self.begin_ms) / (60 * MINUTE_MS)

    @property
    def person_s(self) -> float:
        """How long its people are there together, but for pauses: what there is to hear."""
        since = {
            step.user_id: step.at_ms for step in self.steps if step.verb in ("create", "enter")
        }
        left = {step.user_id: step.at_ms for step in self.steps if step.verb == "leave"}
        there_ms = sum(left.get(user, self.end_ms) - at_ms for user, at_ms in since.items())
        starts = sum(step.at_ms for step in self.steps if step.verb == "audience")
        ends = sum(step.at_ms for step in self.steps if step.verb == "anchor")
        return (there_ms - (ends - starts)) / 1000


def plan_meetings(
    chance: random.Random, sdk_app_ids: Sequence[int], hours: float, lengths: Lengths
) -> Iterator[Meeting]:
    """Meetings for at least so many hours together, in turn in every application."""
    planned, number = 0.0, 0
    while planned < hours:
        sdk_app_id = sdk_app_ids[number % len(sdk_app_ids)]
        for meeting in _plan_room(chance, sdk_app_id, number, lengths):
            planned += meeting.hours
            yield meeting
        number += 1


def _plan_room(
    chance: random.Random, sdk_app_id: int, number: int, lengths: Lengths
) -> Iterator[Meeting]:
    """One meeting; or two, of which the second begins soon after the first in the same room."""
    kind = chance.choice(KINDS)
    numeric = kind == "numbered"
    room_id = str(NUMBERED + number) if numeric else f"{kind}-{number}"
    begin_ms = chance.randrange(lengths.spread_ms)
    end_ms = begin_ms + chance.randrange(lengths.shortest_ms, lengths.longest_ms)
    again = chance.random() < 0.15
    ends = [begin_ms + (end_ms - begin_ms) // 2, end_ms] if again else [end_ms]
    for last_ms in ends:
        meeting = Meeting(sdk_app_id, room_id, 0 if numeric else 1, begin_ms, last_ms)
        _fill(chance, meeting)
        if not again and chance.random() < 0.25:  # of a later life of the room nobody can be sure
            after_ms = chance.randrange(MINUTE_MS // 6, 5 * MINUTE_MS)
            meeting.steps.append(Step(end_ms + after_ms, "delete"))
        yield meeting
        begin_ms = last_ms + chance.randrange(2_000, 2 * MINUTE_MS)


def _fill(chance: random.Random, meeting: Meeting) -> None:
    people = [f"user-{number}" for number in range(chance.randint(1, 3))]
    begin_ms, end_ms = meeting.begin_ms, meeting.end_ms
    steps = [Step(begin_ms, "create", people[0])]
    early_ms, late_ms = begin_ms + 1_000, end_ms - (end_ms - begin_ms) // 8
    enters = {people[0]: early_ms}
    for person in people[1:]:
        enters[person] = early_ms + chance.randrange((end_ms - begin_ms) // 3)
        steps.append(Step(enters[person], "enter", person))
    for person in people:
        steps += _plan_speech(chance, person, enters[person], late_ms)
    if chance.random() < 0.3:
        steps += _plan_pause(chance, people, max(enters.values()), late_ms)
    steps += _plan_end(chance, people, begin_ms, end_ms)
    meeting.steps = sorted(steps, key=lambda step: step.at_ms)


def _plan_speech(chance: random.Random, person: str, from_ms: int, until_ms: int) -> Iterator[Step]:
    on_ms = from_ms + chance.randrange(1_000, 60_000)
    yield Step(on_ms, "microphone", person)
    until_ms = max(until_ms, on_ms + 2)
    for _ in range(chance.randint(0, 3)):
        yield Step(chance.randrange(on_ms + 1, until_ms), "say", person)


def _plan_pause(
    chance: random.Random, people: list[str], from_ms: int, until_ms: int
) -> Iterator[Step]:
    """Everybody listens only, for longer than any idle limit, and comes back."""
    pause_ms = chance.randrange(90_000, 4 * MINUTE_MS)
    first_ms, last_ms = from_ms + 61_000, until_ms - pause_ms
    if first_ms >= last_ms:
        return
    begin_ms = chance.randrange(first_ms, last_ms)
    for person in people:
        yield Step(begin_ms, "audience", person)
        back_ms = begin_ms + pause_ms
        yield Step(back_ms, "anchor", person)
        yield Step(back_ms + 1, "microphone", person)


def _plan_end(
    chance: random.Random, people: list[str], begin_ms: int, end_ms: int
) -> Iterator[Step]:
    if chance.random() < 0.5:
        yield Step(end_ms, "dismiss")
        return
    for person in people[1:]:
        yield Step(end_ms - chance.randrange((end_ms - begin_ms) // 9), "leave", person)
    yield Step(end_ms, "leave", people[0])
