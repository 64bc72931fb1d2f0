"""The benchmark of what is said in many rooms at once, small; and its judge finds what is wrong."""

from __future__ import annotations

from collections import Counter

from benchmarks.ingest import describe_flood, describe_verdict
from benchmarks.ingest.flood import Instances
from benchmarks.ingest.plan import COPIES, LATEST_S, Size, plan_posts, read_post, write_text
from benchmarks.ingest.reading import measure_reading
from benchmarks.ingest.verdict import Verdict, judge, judge_room
from benchmarks.ledgers import running_ledger
from shared.transcripts.records import Sentence

SMALL = Size(rooms=3, sentences=40, processes=2)


def test_what_two_processes_take_at_once_is_whole_and_in_order() -> None:
    with running_ledger("sqlite") as url:
        with Instances(url, SMALL.processes) as instances:
            flood = instances.flood(SMALL)
        figures = [*describe_flood("sqlite", flood), *describe_verdict("sqlite", judge(url, SMALL))]
    assert flood.statuses[200] == SMALL.callbacks * COPIES
    assert [figure for figure in figures if not figure.is_met] == []


def test_every_way_to_read_a_meeting_is_measured() -> None:
    with running_ledger("sqlite") as url, Instances(url, 1) as instances:
        readings = instances.run(measure_reading, 20, 3)
    assert [reading.what for reading in readings] == [
        *("the page", "5 news", "nothing new (304)", "JSON", "JSON, compressed"),
        "JSON, nothing read before",
    ]
    assert all(0 < reading.p50_ms <= reading.p99_ms for reading in readings)


def test_every_callback_is_planned_twice_and_late_by_its_own_chance() -> None:
    posts = [[read_post(code, SMALL) for code in codes] for codes in plan_posts(SMALL)]
    times = Counter(post for each in posts for post in each)
    assert len(times) == SMALL.callbacks
    assert set(times.values()) == {COPIES}
    for each in posts:
        ends_ms = [SMALL.find_end_ms(post.number) for post in each]
        assert ends_ms != sorted(ends_ms)
        latest_ms = max(max(ends_ms[:n]) - ends_ms[n] for n in range(1, len(ends_ms)))
        assert latest_ms <= LATEST_S * 1000


def test_judge_tells_what_is_lost_there_twice_out_of_order_or_of_another_room() -> None:
    size = Size(rooms=1, sentences=15)
    said = [make_sentence(0, number) for number in range(1, 10)]
    assert judge_room(said, 0, size) == Verdict(6, 0, 0, 0)
    assert judge_room([*said, said[-1]], 0, size) == Verdict(6, 1, 0, 0)
    assert judge_room(said[::-1], 0, size) == Verdict(6, 0, 8, 0)
    assert judge_room([make_sentence(0, 0)], 0, size) == Verdict(14, 0, 0, 1)
    assert judge_room([make_sentence(1, 1)], 0, size) == Verdict(15, 1, 0, 0)


def make_sentence(room: int, number: int) -> Sentence:
    """A sentence without a translation."""
    times = {"start_ms": number, "end_ms": number + 1, "event_ms": 0, "version": 1}
    text = write_text(room, number)
    return Sentence(f"{number}", "task", "amy", text, "", translations={}, **times)
