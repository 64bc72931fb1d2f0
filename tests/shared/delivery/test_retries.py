"""When an event is sent again: the documented pauses, with jitter, and what an endpoint asks for."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.sending import LONGEST_WAIT_MS, Attempt, read_retry_after
from shared.delivery.telling import follow

T = 1_700_000_000_000
DOCUMENTED_S = (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
CHANCES = st.floats(0, 1)
TRIES = st.integers(1, 9)


def find_next_ms(tries: int, now_ms: int, retry_after_ms: int, chance: float) -> int:
    """When an event is tried again that was not taken; 0: never."""
    return follow(tries, Attempt("503", retry_after_ms), now_ms, chance).next_at_ms


def test_pauses_are_those_of_the_documents() -> None:
    pauses = [find_next_ms(tries, T, 0, 0.0) - T for tries in range(1, 10)]
    assert [0, *(pause // 1000 for pause in pauses)] == [*DOCUMENTED_S]


@given(st.integers(10, 1000), CHANCES, st.integers(0, LONGEST_WAIT_MS))
def test_tenth_try_is_the_last(tries: int, chance: float, retry_after_ms: int) -> None:
    assert find_next_ms(tries, T, retry_after_ms, chance) == 0


@given(TRIES, CHANCES)
def test_jitter_only_ever_waits_longer_and_never_as_long_as_the_next_pause(
    tries: int, chance: float
) -> None:
    pause_ms = find_next_ms(tries, T, 0, chance) - T
    assert DOCUMENTED_S[tries] * 1000 <= pause_ms <= DOCUMENTED_S[tries] * 1100


@given(TRIES, CHANCES, CHANCES)
def test_more_chance_waits_no_shorter(tries: int, less: float, more: float) -> None:
    less, more = sorted((less, more))
    assert find_next_ms(tries, T, 0, less) <= find_next_ms(tries, T, 0, more)


@given(TRIES, CHANCES, st.integers(0, 10**9))
def test_endpoint_can_ask_for_a_day_at_most(tries: int, chance: float, asked_s: int) -> None:
    own_ms, asked_ms = find_next_ms(tries, T, 0, chance), read_retry_after(f"{asked_s}", T)
    assert asked_ms == min(asked_s * 1000, LONGEST_WAIT_MS)
    assert find_next_ms(tries, T, asked_ms, chance) == max(own_ms, T + asked_ms)


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ("120", 120_000),
        ("0", 0),
        ("9" * 50, LONGEST_WAIT_MS),
        (format_datetime(datetime.fromtimestamp(T / 1000 + 60, timezone.utc), usegmt=True), 60_000),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT_MS),
        *((nonsense, 0) for nonsense in ("", "-5", "soon", "1.5", "٣", "\xb2", "Wed, 99 Foo")),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, expected_ms: int) -> None:
    assert read_retry_after(text, T) == expected_ms


@given(st.text())
def test_any_header_is_read(text: str) -> None:
    assert 0 <= read_retry_after(text, T) <= LONGEST_WAIT_MS
