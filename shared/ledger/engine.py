"""What a store must be able to do so that a ledger can be kept in it: a few steps on bytes, each atomic.

A store has cells, which hold bytes, and indexes, whose members have a score. Keys, fields and members
are any printable text. What is written in one step has one tag: a cluster keeps it in one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol


class Cell(NamedTuple):
    """Where some bytes lie: in a field of a key. A cell that holds b"" and one that is not there are one."""

    key: str
    field: str = ""


class Put(NamedTuple):
    """Let a cell hold these bytes."""

    cell: Cell
    value: bytes


class Move(NamedTuple):
    """Give all cells of a key to another key, in the place of its own; "": delete them."""

    key: str
    heir: str


class Score(NamedTuple):
    """Give a member of an index this score; None: take the member out."""

    key: str
    member: str
    score: int | None


class Add(NamedTuple):
    """Add to the score of a member of an index, which is 0 at first."""

    key: str
    member: str
    more: int


class Number(NamedTuple):
    """Count on in a cell, from 0, and give the member of an index that score."""

    cell: Cell
    key: str
    member: str


class Keep(NamedTuple):
    """Delete a key so many seconds from now, if the store can by itself."""

    key: str
    keep_s: int


Write = Put | Move | Score | Add | Number | Keep
Scores = Sequence[tuple[str, int]]  # of members, the lowest first
WINDOW_MS = 1_000  # of slots


class Engine(Protocol):
    """A store; every method raises LedgerError when the store does not answer.

    Safe to use from several threads. Each method is done wholly or not at all, and what it has
    returned survives the death of every process.
    """

    place: str  # how errors name the store: no password is in it
    garbage: str  # what errors say when records cannot be read
    is_exclusive: bool  # whether `changing` keeps everybody else out

    def changing(self) -> AbstractContextManager[object]:
        """Around what reads first and then writes: one transaction, if the engine is exclusive."""

    def read(self, tag: str, cells: Sequence[Cell], /) -> list[bytes]:
        """What the cells hold."""

    def list_cells(self, tag: str, keys: Sequence[str], /) -> list[Mapping[str, bytes]]:
        """For each key what its cells hold, by field."""

    def list_scores(
        self, tag: str | None, key: str, above: int, until: int, most: int, /
    ) -> Scores:
        """At most so many members of an index with scores above `above` and up to `until`.

        Of one tag, members of equal score come in the order of their text.
        A tag of None stands for the tags of all applications: those in which `swap` has told scores.
        """

    def swap(
        self, tag: str, seen: Mapping[Cell, bytes], writes: Sequence[Write], told: str = "", /
    ) -> Scores | None:
        """Within `changing`, write if the cells still hold what was seen; None when they do not.

        Returns the scores of the index `told` after it. An exclusive engine need not compare.
        """

    def drop(self, tag: str, key: str, most: int, /) -> int:
        """Delete at most so many of a key's cells, or all of them if that takes no time: how many it were."""

    def take_slot(self, name: str, per_s: int, now_ms: int) -> int:
        """0 when one more call of that name may go out now, else the ms after which to ask again.

        At most `per_s` are given in any 1,000 ms (a sliding window), to all callers together.
        Clocks differ a little between machines, so times never go back; a newest time more than a
        window ahead was written by a wrong clock, and all of them are forgotten.
        """

    def erase_traces(self) -> bool:
        """Erase what is deleted from wherever it may still be read; False: not while it is being read."""

    def close(self) -> None:
        """Let go of files and connections."""
