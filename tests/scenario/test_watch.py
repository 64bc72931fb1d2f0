"""Waiting on the feed: for quiet, and not for ever."""

from __future__ import annotations

import asyncio

import pytest

from local.cloud.feed import Entry, Feed
from local.watch import Watch


def test_quiet_needs_completeness_and_no_news() -> None:
    async def run() -> list[object]:
        feed, seen = Feed(), list[object]()
        watch = Watch(feed, lambda entry: seen.append(entry["kind"]))
        feed.publish("early")
        async with watch.following():
            waiting = asyncio.create_task(
                watch.wait_for_quiet(lambda: "last" in seen, settle_s=0.01, deadline_s=60)
            )
            feed.publish("first")
            await asyncio.sleep(0)
            assert not waiting.done()
            feed.publish("last")
            await waiting
        return seen

    assert asyncio.run(run()) == ["early", "first", "last"]


def test_what_never_completes_ends_at_the_deadline() -> None:
    async def run() -> None:
        watch = Watch(Feed(), lambda _: None)
        async with watch.following():
            await watch.wait_for_quiet(lambda: False, settle_s=60, deadline_s=0.01)

    asyncio.run(run())


def test_follower_that_fails_is_not_silent() -> None:
    def fail(_: Entry) -> None:
        raise ValueError("shown nowhere")

    async def run() -> None:
        feed = Feed()
        watch = Watch(feed, fail)
        async with watch.following():
            feed.publish("any")
            await watch.wait_for_quiet(lambda: False, deadline_s=0.01)

    with pytest.raises(ValueError, match="shown nowhere"):
        asyncio.run(run())
