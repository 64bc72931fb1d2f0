"""No second sees more calls than it may, whatever the clocks of those who ask."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st

from shared.ledger.engine import WINDOW_MS, Cell
from shared.ledger.sqlite import SqliteEngine

T = 1_700_000_000_000


def read_times(engine: SqliteEngine) -> list[int]:
    """The times of the slots given last, the newest first."""
    (raw,) = engine.read("", [Cell("slots", "x")])
    times: list[int] = json.loads(raw or b"[]")
    return times


@given(st.integers(1, 5), st.lists(st.tuples(st.integers(0, 400), st.integers(-400, 400))))
def test_no_second_sees_more_than_it_may(per_s: int, asks: list[tuple[int, int]]) -> None:
    """Each asks a little later, by a clock that is a little wrong; a slot's time is never before it."""
    now_ms, given_ms = T, list[int]()
    with contextlib.closing(SqliteEngine(":memory:")) as engine:
        for pause_ms, error_ms in asks:
            now_ms += pause_ms
            wait_ms = engine.take_slot("x", per_s, now_ms + error_ms)
            assert len(read_times(engine)) <= per_s
            if wait_ms:
                assert wait_ms <= 2 * WINDOW_MS
            else:
                given_ms.append(read_times(engine)[0])
    assert given_ms == sorted(given_ms)
    assert all(
        late - early >= WINDOW_MS for early, late in zip(given_ms, given_ms[per_s:], strict=False)
    )


@given(st.integers(1, 5), st.lists(st.integers(0, 1_500)))
def test_who_waits_as_long_as_told_gets_a_slot(per_s: int, pauses: list[int]) -> None:
    now_ms = T
    with contextlib.closing(SqliteEngine(":memory:")) as engine:
        for pause_ms in pauses:
            now_ms += pause_ms
            wait_ms = engine.take_slot("x", per_s, now_ms)
            now_ms += wait_ms
            assert wait_ms == 0 or engine.take_slot("x", per_s, now_ms) == 0
