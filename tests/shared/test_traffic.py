"""What the webhook accepted and refused: sums that lose nothing, in the instance and in each ledger."""

from __future__ import annotations

import threading
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import LedgerError, SignatureError
from shared.ledger import Ledger
from shared.scf import Invocation, begin_invocation
from shared.traffic import BUCKET_MS, HOUR_MS, MINUTE_MS, Counts, Traffic, read_traffic

APP, OTHER = 1400000000, 1400000001
T = 1_700_000_000_000 // BUCKET_MS * BUCKET_MS
STALE = SignatureError("too old", "stale")
COUNT = st.integers(1, 10**6)
TIMES = st.dictionaries(st.sampled_from([1, 2, 9, 14]), COUNT)
REFUSED = st.dictionaries(
    st.sampled_from(["no_sign", "stale", "too_large"]),
    st.dictionaries(st.integers(0, 6).map(lambda n: T + n * BUCKET_MS), COUNT, min_size=1),
)
TRAFFIC = st.builds(Traffic, TIMES, REFUSED)


def at(now_ms: int) -> Invocation:
    return msgspec.structs.replace(begin_invocation({}), started_ms=now_ms)


def refuse(counts: Counts, now_ms: int = T, times: int = 1, claimed: int = APP) -> None:
    event = {"headers": {"SdkAppId": str(claimed)}}
    for _ in range(times):
        counts.refuse(event, STALE, [APP, OTHER], now_ms)


@given(TRAFFIC, TRAFFIC, TRAFFIC)
def test_merging_in_any_order_is_the_same(one: Traffic, two: Traffic, three: Traffic) -> None:
    assert one.merge(two) == two.merge(one)
    assert one.merge(two).merge(three) == one.merge(two.merge(three))
    assert one.merge(Traffic()) == one


@given(st.lists(TRAFFIC, min_size=1, max_size=5))
def test_no_count_is_lost_and_the_last_time_stays(many: list[Traffic]) -> None:
    merged = Traffic()
    for one in many:
        merged = merged.merge(one)
    counts = [n for one in many for some in one.refused.values() for n in some.values()]
    assert sum(n for some in merged.refused.values() for n in some.values()) == sum(counts)
    for group, at_ms in merged.accepted.items():
        assert at_ms == max(one.accepted.get(group, 0) for one in many)


def test_merging_changes_neither() -> None:
    one, two = Traffic({1: 5}, {"stale": {T: 1}}), Traffic({1: 7}, {"stale": {T: 2}})
    one.merge(two)
    assert (one, two) == (Traffic({1: 5}, {"stale": {T: 1}}), Traffic({1: 7}, {"stale": {T: 2}}))


def test_what_is_kept_is_read_on_each_engine(ledger: Ledger) -> None:
    assert read_traffic(ledger, APP, T) == Traffic()
    read_traffic(ledger, APP, T, Traffic({1: T - 5}, {"stale": {T: 2}}))
    read_traffic(ledger, APP, T, Traffic({1: T - 9, 14: T}, {"stale": {T: 3}, "no_sign": {T: 1}}))
    kept = Traffic({1: T - 5, 14: T}, {"stale": {T: 5}, "no_sign": {T: 1}})
    assert read_traffic(ledger, APP, T) == kept
    assert read_traffic(ledger, OTHER, T) == Traffic()


def test_refusals_of_an_hour_ago_are_dropped(ledger: Ledger) -> None:
    read_traffic(ledger, APP, T, Traffic({1: T}, {"stale": {T: 2}}))
    later_ms = T + HOUR_MS + 1
    assert read_traffic(ledger, APP, T + HOUR_MS).refused == {"stale": {T: 2}}
    assert read_traffic(ledger, APP, later_ms) == Traffic({1: T}, {"stale": {}})
    read_traffic(ledger, APP, later_ms, Traffic(refused={"stale": {later_ms: 1}}))
    assert read_traffic(ledger, APP, T).refused == {"stale": {later_ms: 1}}  # for good


def test_claimed_application_is_counted_and_a_foreign_one_for_all(ledger: Ledger) -> None:
    counts = Counts()
    refuse(counts, times=3)
    refuse(counts, claimed=5)
    counts.flush(lambda: ledger, at(T + MINUTE_MS))
    assert read_traffic(ledger, APP, T).refused == {"stale": {T: 4}}
    assert read_traffic(ledger, OTHER, T).refused == {"stale": {T: 1}}


def test_strangers_alone_open_no_ledger_for_a_minute() -> None:
    def open_ledger() -> Ledger:
        raise AssertionError("opened")

    counts = Counts()
    refuse(counts, times=2_000)
    counts.flush(open_ledger, at(T + MINUTE_MS - 1))
    with pytest.raises(AssertionError, match="opened"):
        counts.flush(open_ledger, at(T + MINUTE_MS))


def test_first_accepted_callback_is_kept_at_once_and_the_next_a_minute_later(
    ledger: Ledger,
) -> None:
    counts = Counts()
    for now_ms in (T, T + 1, T + MINUTE_MS - 1):
        counts.add([APP], Traffic({1: now_ms}))
        counts.flush(lambda: ledger, at(now_ms))
        assert read_traffic(ledger, APP, T).accepted == {1: T}
    counts.flush(lambda: ledger, at(T + MINUTE_MS))
    assert read_traffic(ledger, APP, T).accepted == {1: T + MINUTE_MS - 1}


def test_ledger_that_is_away_loses_nothing_and_raises_nothing(ledger: Ledger) -> None:
    def fail() -> Ledger:
        raise LedgerError("away")

    counts = Counts()
    refuse(counts, times=7)
    counts.flush(fail, at(T + MINUTE_MS))
    refuse(counts)
    counts.flush(lambda: ledger, at(T + 2 * MINUTE_MS - 1))
    assert read_traffic(ledger, APP, T) == Traffic()
    counts.flush(lambda: ledger, at(T + 2 * MINUTE_MS))
    counts.flush(lambda: ledger, at(T + 3 * MINUTE_MS))
    assert read_traffic(ledger, APP, T).refused == {"stale": {T: 8}}


def test_nothing_is_kept_when_the_answer_is_urgent(ledger: Ledger) -> None:
    counts, late = Counts(), msgspec.structs.replace(at(T), deadline_s=time.monotonic() + 1)
    counts.add([APP], Traffic({1: T}))
    counts.flush(lambda: ledger, late)
    assert read_traffic(ledger, APP, T) == Traffic()
    counts.flush(lambda: ledger, at(T))
    assert read_traffic(ledger, APP, T).accepted == {1: T}


def test_clock_that_was_set_back_does_not_stop_it(ledger: Ledger) -> None:
    counts = Counts()
    for now_ms in (T, T - HOUR_MS):
        counts.add([APP], Traffic({9: T}))
        counts.flush(lambda: ledger, at(now_ms))
    counts.add([APP], Traffic({9: T + 1}))
    counts.flush(lambda: ledger, at(T - HOUR_MS + MINUTE_MS))
    assert read_traffic(ledger, APP, T).accepted == {9: T + 1}


def test_threads_that_count_at_once_lose_nothing(ledger: Ledger) -> None:
    counts = Counts()

    def count() -> None:
        for number in range(50):
            refuse(counts)
            counts.flush(lambda: ledger, at(T + number * MINUTE_MS // 5))

    threads: list[Any] = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts.flush(lambda: ledger, at(T + HOUR_MS))
    assert read_traffic(ledger, APP, T).refused == {"stale": {T: 200}}
