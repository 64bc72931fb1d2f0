"""What goes wrong with the bucket on purpose, and what the policy of the key lacks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest
from qcloud_cos import CosClientError, CosS3Client

from local.cloud.clock import ManualClock
from local.cos.config import ACTIONS
from tests.emulator.cos.sdk import connect, read_error
from tests.support.hosted_cos import CONFIG, RunningCos, running_cos

NOW_MS = 1_800_000_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    """A clock that stands still; the SDK signs by it."""
    clock = ManualClock(NOW_MS)
    monkeypatch.setattr("qcloud_cos.cos_auth.time.time", lambda: clock.now_ms() / 1000)
    return clock


@pytest.fixture
def stopped(clock: ManualClock) -> Iterator[RunningCos]:
    with running_cos(clock=clock) as cos:
        yield cos


def put(cos: RunningCos, client: CosS3Client, key: str = "k") -> object:
    return client.put_object(cos.bucket, b"x", key)


def count_objects(cos: RunningCos) -> int:
    return len(cos.run(cos.objects.list))


@pytest.mark.parametrize(
    ("code", "status"),
    [("SlowDown", 503), ("InternalError", 500), ("ServiceUnavailable", 503), ("AccessDenied", 403)],
)
def test_error_strikes_as_often_as_it_is_told(
    cos: RunningCos, client: CosS3Client, code: str, status: int
) -> None:
    cos.add_fault(what="error", code=code, times=2)
    for _ in range(2):
        assert read_error(lambda: put(cos, client)) == (status, code)
    assert count_objects(cos) == 0
    put(cos, client)
    assert count_objects(cos) == 1


def test_error_after_the_effect_leaves_the_object(cos: RunningCos, client: CosS3Client) -> None:
    cos.add_fault(what="error", when="after", operations=["PutObject"])
    assert read_error(lambda: put(cos, client)) == (500, "InternalError")
    assert count_objects(cos) == 1
    assert client.object_exists(cos.bucket, "k")


@pytest.mark.parametrize(("when", "left"), [("before", 0), ("after", 1)])
def test_connection_is_dropped_before_or_after_the_effect(
    cos: RunningCos, client: CosS3Client, when: str, left: int
) -> None:
    cos.add_fault(what="drop", when=when, times=1)
    with pytest.raises(CosClientError):
        put(cos, client)
    assert count_objects(cos) == left


def test_fault_is_about_operations_and_keys(cos: RunningCos, client: CosS3Client) -> None:
    cos.add_fault(what="error", operations=["PutObject", "GetBucket"], key="*.vtt")
    put(cos, client, "a.txt")
    client.list_objects(cos.bucket)
    assert read_error(lambda: put(cos, client, "a.vtt")) == (500, "InternalError")


def test_fault_strikes_by_chance(cos: RunningCos, client: CosS3Client) -> None:
    cos.add_fault(what="error", operations=["HeadObject"], rate=0.5, seed=3)
    put(cos, client)
    url = client.get_presigned_url(cos.bucket, "k", "HEAD")
    answers = {httpx.head(url, trust_env=False).status_code for _ in range(20)}
    assert answers == {200, 500}


def test_fault_ends_with_its_span_of_time(stopped: RunningCos, clock: ManualClock) -> None:
    week_ms = 7 * 86_400_000
    stopped.add_fault(what="error", code="SlowDown", for_ms=week_ms)
    client = connect(stopped)
    stopped.run(lambda: clock.advance(week_ms - 1))
    assert read_error(lambda: put(stopped, client)) == (503, "SlowDown")
    stopped.run(lambda: clock.advance(1))
    put(stopped, client)


def test_latency_passes_on_the_clock(stopped: RunningCos, clock: ManualClock) -> None:
    stopped.add_fault(what="latency", ms=60_000, times=1)
    done = threading.Event()

    def write() -> None:
        put(stopped, connect(stopped))
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while stopped.run(clock.next_ms) is None:
        pass
    assert (done.is_set(), count_objects(stopped)) == (False, 0)
    stopped.run(lambda: clock.advance(60_000))
    thread.join()
    assert (done.is_set(), count_objects(stopped)) == (True, 1)


def test_last_modified_follows_the_clock(stopped: RunningCos) -> None:
    client = connect(stopped)
    put(stopped, client)
    head = client.head_object(stopped.bucket, "k")
    assert head["Last-Modified"] == "Fri, 15 Jan 2027 08:00:00 GMT"
    (listed,) = client.list_objects(stopped.bucket)["Contents"]
    assert listed["LastModified"] == "2027-01-15T08:00:00.000Z"


def do(cos: RunningCos, action: str, client: CosS3Client) -> object:
    url = client.get_presigned_url(cos.bucket, "k", "HEAD")
    if action == "HeadObject":
        return httpx.head(url, trust_env=False).raise_for_status()
    works: dict[str, Callable[[], object]] = {
        "PutObject": lambda: put(cos, client),
        "GetObject": lambda: client.get_object(cos.bucket, "k"),
        "DeleteObject": lambda: client.delete_object(cos.bucket, "k"),
        "GetBucket": lambda: client.list_objects(cos.bucket),
        "HeadBucket": lambda: client.head_bucket(cos.bucket),
    }
    return works[action]()


@pytest.mark.parametrize("denied", sorted(ACTIONS))
def test_policy_lacks_one_action_and_no_other(denied: str) -> None:
    with running_cos(replace(CONFIG, denied=frozenset({denied}))) as cos:
        client = connect(cos)
        cos.run(lambda: cos.objects.put("k", b"x", {}, 0))
        for action in sorted(ACTIONS - {denied}, key=lambda action: action == "DeleteObject"):
            do(cos, action, client)
        if denied == "HeadObject":
            with pytest.raises(httpx.HTTPStatusError, match="403"):
                do(cos, denied, client)
        elif denied == "HeadBucket":
            assert read_error(lambda: do(cos, denied, client))[0] == 403
        else:
            assert read_error(lambda: do(cos, denied, client)) == (403, "AccessDenied")
        refused = [entry for entry in cos.read_feed() if entry["kind"] == "cos.refused"]
        assert [(one["action"], one["code"]) for one in refused] == [(denied, "AccessDenied")]
