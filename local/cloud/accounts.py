"""What the books hold against a room: how long, when last, and the latest times one by one."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["missing", "doubled", "orphaned"]
KINDS: tuple[Kind, ...] = ("missing", "doubled", "orphaned")
KEPT_INTERVALS = 200


@dataclass(frozen=True)
class Matter:
    """Whom or what something is held against: a person, tasks, or a person whom several tasks hear."""

    kind: Kind
    user_id: str | None = None
    task_ids: tuple[str, ...] = ()


@dataclass
class Interval:
    """One time without a break."""

    matter: Matter
    from_ms: int
    to_ms: int

    def describe(self) -> dict[str, object]:
        """As `/_local/report?intervals=1` shows it."""
        matter = self.matter
        user = {} if matter.user_id is None else {"user_id": matter.user_id}
        tasks = {"task_ids": list(matter.task_ids)} if matter.task_ids else {}
        times = {"from_ms": self.from_ms, "to_ms": self.to_ms}
        return {"kind": matter.kind, **times, **user, **tasks}


def _zero() -> dict[Kind, int]:
    return dict.fromkeys(KINDS, 0)


@dataclass
class Account:
    """Settled up to a moment; sums in milliseconds, `last_ms` the end of the latest interval or 0."""

    settled_ms: int
    sums_ms: dict[Kind, int] = field(default_factory=_zero)
    last_ms: dict[Kind, int] = field(default_factory=_zero)
    intervals: deque[Interval] = field(default_factory=lambda: deque(maxlen=KEPT_INTERVALS))
    _running: Mapping[Matter, Interval] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing in it."""
        return not any(self.sums_ms.values())

    def charge(self, charges: Iterable[tuple[Matter, int]], to_ms: int) -> None:
        """Charge every matter for the time from its own moment on; others have ended."""
        running: dict[Matter, Interval] = {}
        for matter, from_ms in charges:
            interval = self._running.get(matter)
            if interval is None or interval.to_ms != from_ms:
                interval = Interval(matter, from_ms, to_ms)
                self.intervals.append(interval)
            interval.to_ms = to_ms
            running[matter] = interval
            self.sums_ms[matter.kind] += to_ms - from_ms
            self.last_ms[matter.kind] = to_ms
        self._running = running

    def add(self, other: "Account") -> None:
        """Take over another account's sums."""
        for kind in KINDS:
            self.sums_ms[kind] += other.sums_ms[kind]
            self.last_ms[kind] = max(self.last_ms[kind], other.last_ms[kind])

    def describe(self) -> Iterator[tuple[str, object]]:
        """The sums in seconds, and when it was last so (None: never)."""
        for kind in KINDS:
            yield f"{kind}_s", self.sums_ms[kind] / 1000
        for kind in KINDS:
            yield f"last_{kind}_ms", self.last_ms[kind] or None
