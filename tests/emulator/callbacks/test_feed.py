"""The live feed."""

import asyncio
from collections.abc import Awaitable, Callable

from local.cloud.feed import KEPT, Entry, Feed


def make_feed(count: int = 0) -> Feed:
    """A feed at time 7 with that many entries of kind `k`."""
    feed = Feed(lambda: 7)
    for number in range(count):
        feed.publish("k", number=number)
    return feed


def read_seqs(entries: list[Entry]) -> list[object]:
    return [entry["seq"] for entry in entries]


def test_entry_has_number_time_kind_and_fields() -> None:
    feed = make_feed()
    feed.publish("room.created", room_id="r")
    assert feed.recent() == [{"seq": 1, "at_ms": 7, "kind": "room.created", "room_id": "r"}]


def test_only_the_last_thousand_are_kept() -> None:
    feed = make_feed(KEPT + 5)
    assert read_seqs(feed.recent()) == list(range(6, KEPT + 6))


def test_recent_after_a_number_gives_the_later_ones() -> None:
    assert read_seqs(make_feed(5).recent(3)) == [4, 5]
    assert read_seqs(make_feed(KEPT + 5).recent(2)) == list(range(6, KEPT + 6))
    assert make_feed(5).recent(5) == []
    assert make_feed(5).recent(99) == []


def follow(feed: Feed, after: int | None, work: Callable[[], Awaitable[None]]) -> list[object]:
    """What a subscriber sees while `work` goes on, until the feed closes."""

    async def collect() -> list[Entry]:
        return [entry async for entry in feed.subscribe(after)]

    async def run() -> list[Entry]:
        collecting = asyncio.create_task(collect())
        await asyncio.sleep(0)  # lets the subscription begin
        await work()
        feed.close()
        return await collecting

    return read_seqs(asyncio.run(run()))


def test_subscriber_sees_what_comes_from_now_on() -> None:
    feed = make_feed(3)

    async def publish() -> None:
        feed.publish("k")
        await asyncio.sleep(0)
        feed.publish("k")
        feed.publish("k")

    assert follow(feed, None, publish) == [4, 5, 6]


def test_subscriber_that_starts_earlier_sees_kept_ones_first_and_each_once() -> None:
    feed = make_feed(3)

    async def publish() -> None:
        feed.publish("k")

    assert follow(feed, 1, publish) == [2, 3, 4]


def test_number_from_the_future_means_from_now_on() -> None:
    feed = make_feed(3)

    async def publish() -> None:
        feed.publish("k")

    assert follow(feed, 99, publish) == [4]


def test_entry_published_while_a_subscriber_reads_is_not_lost() -> None:
    feed = make_feed(2)

    async def read() -> list[object]:
        seen: list[Entry] = []
        async for entry in feed.subscribe(0):
            seen.append(entry)
            if len(seen) == 1:
                feed.publish("k")
            if len(seen) == 3:
                feed.close()
        return read_seqs(seen)

    assert asyncio.run(read()) == [1, 2, 3]
