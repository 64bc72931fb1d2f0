"""What every benchmark comes to: figures, each with the goal it has to meet where there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Figure(NamedTuple):
    """One number: of which case ("sqlite"), what it is, its unit; `most` is the goal, None for none."""

    case: str
    what: str
    value: float
    unit: str = ""
    most: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether it keeps within its goal."""
        return self.most is None or self.value <= self.most


class Benchmark(NamedTuple):
    """Something that is measured: its name, what it is about in a line, how, and how at full size."""

    name: str
    about: str
    run: Callable[[], Sequence[Figure]]
    run_full: Callable[[], Sequence[Figure]] | None = None
