"""The live feed as server-sent events."""

import json
from collections.abc import Iterator
from itertools import islice

import httpx
import pytest

from tests.support.emulator import RunningCloud, running_cloud


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    with running_cloud() as running:
        yield running


def read_events(answer: httpx.Response) -> Iterator[tuple[int, dict[str, object]]]:
    """(id, entry) of each event."""
    seq = 0
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name == "id":
            seq = int(value)
        if name == "data":
            yield seq, json.loads(value)


def test_recent_entries_come_first_then_live_ones(cloud: RunningCloud) -> None:
    cloud.create("r")
    with cloud.http.stream("GET", "/_local/feed") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = read_events(answer)
        recent = list(islice(events, 2))
        assert [entry["kind"] for _, entry in recent] == ["room.created", "user.entered"]
        assert all(seq == entry["seq"] for seq, entry in recent)
        httpx.post(f"{cloud.url}/_local/rooms/r/dismiss", trust_env=False)
        live = list(islice(events, 2))
    assert [entry["kind"] for _, entry in live] == ["user.left", "room.dismissed"]


@pytest.mark.parametrize(
    ("query", "headers"),
    [("", {"last-event-id": "1"}), ("?after=1", {}), ("?after=0", {"last-event-id": "1"})],
)
def test_stream_goes_on_after_the_last_entry_seen(
    cloud: RunningCloud, query: str, headers: dict[str, str]
) -> None:
    cloud.create("r")
    with cloud.http.stream("GET", f"/_local/feed{query}", headers=headers) as answer:
        assert next(read_events(answer))[0] == 2


def test_after_that_is_no_number_is_refused(cloud: RunningCloud) -> None:
    answer = cloud.http.get("/_local/feed?after=x")
    assert (answer.status_code, answer.json()["error"]) == (400, "?after= must be a whole number")


def test_stream_ends_when_the_feed_closes(cloud: RunningCloud) -> None:
    cloud.create("r")
    with cloud.http.stream("GET", "/_local/feed") as answer:
        events = read_events(answer)
        next(events)
        cloud.run(cloud.cloud.feed.close)
        assert len(list(events)) == 1
