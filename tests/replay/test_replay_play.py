"""The order of a replay, and what is made of the answers."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from local.replay.play import NoAnswerError, Outcome, plan_order, play
from local.replay.records import Record

RECORDS = [Record(f"here:{number}", b"{}") for number in range(1, 6)]


def ignore(_: Outcome) -> None:
    pass


def test_order_is_that_of_the_files() -> None:
    assert plan_order(RECORDS) == RECORDS


def test_duplicates_follow_each_other() -> None:
    places = [record.place for record in plan_order(RECORDS[:2], duplicates=2)]
    assert places == ["here:1", "here:1", "here:2", "here:2"]


@given(st.integers(), st.integers(1, 4))
def test_shuffle_sends_the_same_in_the_order_of_its_seed(seed: int, duplicates: int) -> None:
    shuffled = plan_order(RECORDS, duplicates=duplicates, shuffle=True, seed=seed)
    again = plan_order(RECORDS, duplicates=duplicates, shuffle=True, seed=seed)
    assert shuffled == again
    assert sorted(record.place for record in shuffled) == sorted(
        record.place for record in RECORDS * duplicates
    )


def test_seeds_give_different_orders() -> None:
    orders = {
        tuple(record.place for record in plan_order(RECORDS, shuffle=True, seed=seed))
        for seed in range(20)
    }
    assert len(orders) > 1


def test_one_at_a_time_keeps_the_order() -> None:
    sent: list[str] = []

    def send(record: Record) -> int:
        sent.append(record.place)
        return 200

    outcomes = play(RECORDS, send, ignore, rate=10_000)
    assert sent == [record.place for record in RECORDS]
    assert all(outcome.is_expected for outcome in outcomes)


def test_concurrency_sends_so_many_at_once() -> None:
    meeting = threading.Barrier(3)

    def send(_: Record) -> int:
        meeting.wait(timeout=10)
        return 200

    assert len(play(RECORDS[:3], send, ignore, concurrency=3)) == 3


def test_status_a_record_names_is_expected_of_it_alone() -> None:
    refused = Record("here:9", b"{}", expected=401)
    outcomes = play([RECORDS[0], refused], lambda _: 503, ignore, expect=503)
    assert [(outcome.expected, outcome.is_expected) for outcome in outcomes] == [
        (503, True),
        (401, False),
    ]


def test_no_answer_is_a_mismatch_and_the_rest_is_played() -> None:
    def send(record: Record) -> int:
        if record is RECORDS[0]:
            raise NoAnswerError("ReadTimeout")
        return 200

    noticed: list[Outcome] = []
    play(RECORDS[:2], send, noticed.append)
    assert [outcome.got for outcome in noticed] == ["no answer (ReadTimeout)", 200]


def test_mismatch_is_one_line_with_place_event_and_room() -> None:
    body = b'{"EventType":101,"EventInfo":{"RoomId":"caf\xc3\xa9\\u001b[2J"}}'
    line = Outcome(Record("events.jsonl:3", body), 503, 200).describe()
    assert line == r"events.jsonl:3: event 101, room café\x1b[2J: got 503, expected 200"


def test_mismatch_of_a_body_that_is_no_callback() -> None:
    line = Outcome(Record("bad.json:1", b"not json"), 200, 400).describe()
    assert line == "bad.json:1: event ?, room ?: got 200, expected 400"
