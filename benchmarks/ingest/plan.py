"""Who says what in which room and when, and the order in which TRTC tells of it: known beforehand."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator
from typing import NamedTuple

EVERY_MS = 1080  # a room's sentences follow each other: 10,000 in three hours
LATEST_S = 60.0  # a callback comes at most so long after what it tells of
COPIES = 2
TRANSLATED_EVERY = 10  # one sentence of so many has a translation, which may come before it
SPEAKERS = ("amy", "ben", "chen", "dora")
SENTENCE_MS = 900
SPOKEN, TRANSLATED = 1403, 1404
CREATED = 1401
SEED = 20261120


class Size(NamedTuple):
    """How many rooms there are at once, how many sentences in each, and how many processes take them."""

    rooms: int
    sentences: int
    processes: int = 4

    @property
    def callbacks(self) -> int:
        """How many callbacks tell of all this, not counting copies."""
        return self.rooms * len(list(self.list_news()))

    def list_news(self) -> Iterator[tuple[int, int]]:
        """What one room's callbacks tell of: the number of a sentence, and the type of the event."""
        for number in range(self.sentences):
            yield number, SPOKEN
            if number % TRANSLATED_EVERY == 0:
                yield number, TRANSLATED

    def find_end_ms(self, number: int) -> int:
        """When a sentence is over, in ms since its room's meeting began."""
        return SENTENCE_MS + number * EVERY_MS


class Post(NamedTuple):
    """One delivery of a callback."""

    room: int
    number: int
    event_type: int


def plan_posts(size: Size) -> list[array[int]]:
    """For each process the deliveries it takes, in the order in which they come; `read_post` reads one.

    Every callback comes twice, each time late by its own chance, to a process chosen by chance.
    """
    chance = random.Random(SEED)  # noqa: S311  nobody must not guess it
    posts = []
    for number, event_type in size.list_news():
        told_s = size.find_end_ms(number) / 1000
        for room in range(size.rooms):
            code = _write_post(Post(room, number, event_type), size)
            posts += [(told_s + chance.uniform(0, LATEST_S), code) for _ in range(COPIES)]
    posts.sort()
    takers = [array("q") for _ in range(size.processes)]
    for _, code in posts:
        chance.choice(takers).append(code)
    return takers


def read_post(code: int, size: Size) -> Post:
    """The delivery that `plan_posts` means."""
    rest, is_translation = divmod(code, 2)
    number, room = divmod(rest, size.rooms)
    return Post(room, number, TRANSLATED if is_translation else SPOKEN)


def _write_post(post: Post, size: Size) -> int:
    return (post.number * size.rooms + post.room) * 2 + (post.event_type == TRANSLATED)


def name_room(room: int) -> str:
    """A room's id."""
    return f"ingest-{room:03}"


def write_text(room: int, number: int) -> str:
    """What is said: every sentence of all rooms is another."""
    return f"Sentence {number} of room {room}: today we talk about rivers, and where they begin."


def write_translation(room: int, number: int) -> str:
    """The same in Chinese."""
    return f"第{room}号房间第{number}句:今天我们来谈谈河流,以及它们从哪里开始。"
