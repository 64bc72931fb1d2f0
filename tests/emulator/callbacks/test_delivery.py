"""Callbacks on their way: deadline, retries and what counts as delivered."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.requests import Request
from starlette.responses import Response

from local.cloud.clock import ManualClock
from tests.support.emulator import CONFIG, RunningCloud, answer_ok, running_cloud

FIRST_ATTEMPT = {
    "event_type": 101,
    "sdk_app_id": CONFIG.applications[0].sdk_app_id,
    "room_id": "r",
    "room_id_type": 1,
    "attempt": 1,
}
ADDRESS = "/_local/callback_url"


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    with running_cloud(clock=ManualClock(), callbacks=True) as running:
        yield running


def read_attempts(cloud: RunningCloud, event_type: int = 101) -> list[dict[str, object]]:
    """The feed's entries about one callback, without number and time."""
    cloud.wait(cloud.cloud.settle())
    return [
        {k: v for k, v in entry.items() if k not in ("seq", "at_ms", "kind")}
        for entry in cloud.read_feed()
        if entry["kind"] == "callback.delivered" and entry["event_type"] == event_type
    ]


def make_answer(status: int = 200, body: bytes = b"", **headers: str) -> "Answerer":
    return Answerer(status, body, headers)


class Answerer:
    """Answers every callback alike."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._status, self._body, self._headers = status, body, headers

    async def __call__(self, _request: Request) -> Response:
        return Response(self._body, self._status, headers=self._headers)


def test_delivered_callback_is_recorded_and_not_repeated(cloud: RunningCloud) -> None:
    cloud.create("r")
    assert read_attempts(cloud) == [{**FIRST_ATTEMPT, "elapsed_ms": 0, "status": 200}]
    cloud.advance(120_000)
    assert len(read_attempts(cloud)) == 1


@pytest.mark.parametrize("status", [201, 204, 302, 404, 500, 503])
def test_any_status_but_200_is_a_failure(cloud: RunningCloud, status: int) -> None:
    cloud.webhook.answer = make_answer(status)
    cloud.create("r")
    assert [a["status"] for a in read_attempts(cloud)] == [status, status]


@pytest.mark.parametrize(("size", "attempts"), [(1800, 1), (2000, 2), (100_000, 2)])
def test_answer_over_2000_bytes_with_its_head_is_a_failure(
    cloud: RunningCloud, size: int, attempts: int
) -> None:
    cloud.webhook.answer = make_answer(200, b"x" * size)
    cloud.create("r")
    recorded = read_attempts(cloud)
    assert len(recorded) == attempts
    assert ("error" in recorded[0]) == (attempts == 2)


def test_head_counts_as_part_of_the_answer(cloud: RunningCloud) -> None:
    cloud.webhook.answer = make_answer(200, b"", padding="x" * 2000)
    cloud.create("r")
    assert len(read_attempts(cloud)) == 2


def test_failed_callback_is_repeated_at_once_and_every_ten_seconds_for_a_minute(
    cloud: RunningCloud,
) -> None:
    cloud.webhook.answer = make_answer(503)
    cloud.create("r")
    counts = [len(read_attempts(cloud))]
    for _ in range(8):
        cloud.advance(9_999)
        counts.append(len(read_attempts(cloud)))
        cloud.advance(1)
        counts.append(len(read_attempts(cloud)))
    assert counts == [2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 8, 8, 8]
    assert [a["attempt"] for a in read_attempts(cloud)] == list(range(1, 9))


def test_repeated_callback_is_the_same_byte_for_byte(cloud: RunningCloud) -> None:
    cloud.webhook.answer = make_answer(500)
    cloud.create("r")
    created = [one for one in cloud.take_callbacks() if one.event_type == 101]
    cloud.webhook.answer = answer_ok
    cloud.advance(10_000)
    created += [one for one in cloud.take_callbacks() if one.event_type == 101]
    assert len(created) == 3
    assert len({(one.body, one.headers["sign"]) for one in created}) == 1
    cloud.advance(60_000)
    assert cloud.take_callbacks() == []


def test_callback_without_an_answer_within_5_s_is_a_failure() -> None:
    clock = ManualClock()
    with running_cloud(clock=clock, callbacks=True) as cloud:
        arrived = cloud.run(asyncio.Event)

        async def never(request: Request) -> Response:
            arrived.set()
            while (await request.receive())["type"] != "http.disconnect":
                pass
            return Response()

        cloud.webhook.answer = never
        cloud.create("r")
        cloud.wait(asyncio.wait_for(arrived.wait(), 10))
        cloud.run(lambda: clock.advance(4_999))
        cloud.webhook.answer = answer_ok
        cloud.run(lambda: clock.advance(1))
        recorded = read_attempts(cloud)
    error = "no answer within 5 s"
    assert recorded[0] == {**FIRST_ATTEMPT, "elapsed_ms": 5000, "error": error}
    assert recorded[1]["status"] == 200


def test_webhook_that_is_not_there_is_a_failure() -> None:
    config = replace(CONFIG, callback_url="http://127.0.0.1:1/")
    with running_cloud(config, clock=ManualClock()) as cloud:
        cloud.create("r")
        recorded = read_attempts(cloud)
    assert len(recorded) == 2
    assert "ConnectionRefusedError" in str(recorded[0]["error"])


@pytest.mark.parametrize("url", ["nonsense", "http://", "http://exa mple/", "http://[/"])
def test_url_that_is_none_is_a_failure_too(url: str) -> None:
    with running_cloud(replace(CONFIG, callback_url=url), clock=ManualClock()) as cloud:
        cloud.create("r")
        assert all(attempt["error"] for attempt in read_attempts(cloud))
        assert len(read_attempts(cloud)) == 2


def test_webhook_can_be_set_and_taken_away_later() -> None:
    with running_cloud() as cloud:
        cloud.create("1st")
        cloud.run(lambda: cloud.cloud.set_callback_url(f"{cloud.url}/webhook"))
        cloud.create("2nd")
        assert {one.info["RoomId"] for one in cloud.take_callbacks()} == {"2nd"}
        cloud.run(lambda: cloud.cloud.set_callback_url(None))
        cloud.create("3rd")
        assert cloud.take_callbacks() == []


def test_address_is_entered_while_the_emulator_runs_and_counts_for_the_next_callback() -> None:
    with running_cloud(clock=ManualClock()) as cloud:
        webhook = {"url": f"{cloud.url}/webhook"}
        assert cloud.http.get(ADDRESS).json() == {"url": None}
        cloud.create("1st")
        assert cloud.http.post(ADDRESS, json=webhook).json() == webhook
        assert cloud.http.get(ADDRESS).json() == webhook
        cloud.create("2nd")
        assert {one.info["RoomId"] for one in cloud.take_callbacks()} == {"2nd"}


def test_retries_end_at_the_address_where_the_callback_was_first_sent() -> None:
    config = replace(CONFIG, callback_url="http://127.0.0.1:1/")
    with running_cloud(config, clock=ManualClock()) as cloud:
        cloud.create("r")
        cloud.wait(cloud.cloud.settle())
        cloud.http.post(ADDRESS, json={"url": f"{cloud.url}/webhook"}).raise_for_status()
        cloud.advance(10_000)
        assert len(read_attempts(cloud)) == 3
        assert cloud.take_callbacks() == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (None, "url must be a string, and not empty"),
        ("", "url must be a string, and not empty"),
        ("127.0.0.1:8321/url/x", "must start with http:// or https:// and a host"),
        ("ftp://example.com/", "must start with http:// or https:// and a host"),
        ("http:///path", "must start with http:// or https:// and a host"),
        ("http://example.com:99999/", "the URL is none"),
        ("http://exa mple.com/", "printable ASCII without spaces"),
        ("http://amy:secret@example.com/", "no user name and no password"),
    ],
)
def test_address_that_is_none_is_refused_in_words(
    cloud: RunningCloud, url: str | None, words: str
) -> None:
    before = cloud.http.get(ADDRESS).json()
    refused = cloud.http.post(ADDRESS, json={"url": url})
    assert refused.status_code == 400
    assert words in refused.json()["error"]
    assert "secret" not in refused.text
    assert cloud.http.get(ADDRESS).json() == before


def test_more_callbacks_than_sockets_all_arrive(cloud: RunningCloud) -> None:
    for number in range(300):
        cloud.create(number + 1)
    assert len(cloud.take_callbacks()) == 600
