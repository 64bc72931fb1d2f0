"""Faults of API calls, as a client on the wire meets them."""

import json
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from local.cloud.clock import ManualClock
from tests.support.emulator import CONFIG, SDK_APP_ID, RunningCloud, running_cloud

HOST = "127.0.0.1"


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    config = replace(CONFIG, preparing_ms=0, idle_ms=0)
    with running_cloud(config, clock=ManualClock()) as running:
        running.create(1234)
        yield running


@contextmanager
def posting(cloud: RunningCloud, fault: str | None = None) -> Iterator[socket.socket]:
    """A connection on which a signed CreateCloudTranscription has just been sent."""
    request = cloud.write_start_cloud({} if fault is None else {"x-local-fault": fault})
    with socket.create_connection((HOST, cloud.port), timeout=10) as connection:
        connection.sendall(request)
        yield connection


def read_all(connection: socket.socket) -> bytes:
    """What comes until the server hangs up."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def count_tasks(cloud: RunningCloud) -> int:
    return len(cloud.list_tasks())


@pytest.mark.parametrize(("when", "tasks"), [("before", 0), ("after", 1)])
def test_error_comes_before_or_after_the_effect(cloud: RunningCloud, when: str, tasks: int) -> None:
    code = "InternalError.CTInternalError"
    cloud.add_fault(where="api", what="error", code=code, when=when, times=1)
    assert cloud.start_cloud()["Error"]["Code"] == code
    assert count_tasks(cloud) == tasks
    assert "TaskId" in cloud.start_cloud()


@pytest.mark.parametrize(("when", "tasks"), [("before", 0), ("after", 1)])
def test_status_is_a_page_of_somebody_elses(cloud: RunningCloud, when: str, tasks: int) -> None:
    cloud.add_fault(where="api", what="status", status=503, when=when)
    with posting(cloud) as connection:
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"text/html" in answer
    assert b"RequestId" not in answer
    assert count_tasks(cloud) == tasks


@pytest.mark.parametrize(("when", "tasks"), [("before", 0), ("after", 1)])
def test_dropped_connection_ends_without_a_byte(cloud: RunningCloud, when: str, tasks: int) -> None:
    cloud.add_fault(where="api", what="drop", when=when)
    with posting(cloud) as connection:
        assert read_all(connection) == b""
    assert count_tasks(cloud) == tasks


@pytest.mark.parametrize(("when", "tasks"), [("before", 0), ("after", 1)])
def test_hanging_call_says_nothing_while_others_are_answered(
    cloud: RunningCloud, when: str, tasks: int
) -> None:
    cloud.add_fault(where="api", what="hang", when=when, times=1)
    with posting(cloud) as connection:
        wait_for_fault(cloud, "hang")
        assert count_tasks(cloud) == tasks
        assert "TaskId" in cloud.start_cloud(bot="other")
        assert cloud.wait(cloud.cloud.settle())
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)


def wait_for_fault(cloud: RunningCloud, fault: str) -> None:
    """Until a call that the fault struck is in the feed."""
    deadline_s = time.monotonic() + 10
    while not any(entry.get("fault") == fault for entry in cloud.read_feed()):
        assert time.monotonic() < deadline_s


def test_emulator_that_closes_hangs_up_on_whoever_waits() -> None:
    with running_cloud() as cloud:
        cloud.add_fault(where="api", what="hang")
        with posting(cloud) as connection:
            wait_for_fault(cloud, "hang")
            cloud.wait(cloud.cloud.close())
            assert read_all(connection) == b""


def test_dripping_answer_is_whole_in_the_end(cloud: RunningCloud) -> None:
    cloud.add_fault(where="api", what="drip", ms=1)
    with posting(cloud) as connection:
        parts = list(iter(lambda: connection.recv(65536), b""))
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert "TaskId" in json.loads(body)["Response"]
    assert len(parts) > 10
    assert count_tasks(cloud) == 1


def test_client_that_leaves_ends_the_drip(cloud: RunningCloud) -> None:
    cloud.add_fault(where="api", what="drip", ms=60_000, times=1)
    with posting(cloud) as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert count_tasks(cloud) == 1
    assert "TaskId" in cloud.start_cloud(bot="other")


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_latency_is_real_and_keeps_nobody_else_waiting(cloud: RunningCloud, when: str) -> None:
    cloud.add_fault(where="api", what="latency", ms=1000, when=when, times=1)
    started_s = time.monotonic()
    with posting(cloud) as connection:
        assert cloud.http.get("/_local/rooms").status_code == 200
        assert select.select([connection], [], [], 0)[0] == []
        assert b"TaskId" in read_all(connection)
    assert time.monotonic() - started_s >= 1


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        ({"what": "throttle"}, ["RequestLimitExceeded", "RequestLimitExceeded"]),
        ({"what": "quota"}, ["FailedOperation", "ResourceInsufficient.RequestRejection"]),
        ({"what": "quota", "code": "InternalError"}, ["InternalError", "InternalError"]),
    ],
)
def test_throttle_and_quota_are_the_apis_own_refusals(
    cloud: RunningCloud, fault: dict[str, str], codes: list[str]
) -> None:
    cloud.add_fault(where="api", **fault)
    answers = [cloud.start_cloud(), cloud.start_ai()]
    assert [answer["Error"]["Code"] for answer in answers] == codes
    assert count_tasks(cloud) == 0


def test_fault_of_a_room_strikes_calls_about_its_tasks(cloud: RunningCloud) -> None:
    task_id = cloud.start_cloud()["TaskId"]
    other = cloud.start_cloud("5678")["TaskId"]
    cloud.add_fault(where="api", what="error", room="12*")
    assert cloud.describe_cloud(task_id)["Error"]["Code"] == "InternalError"
    assert cloud.start_cloud("1299")["Error"]["Code"] == "InternalError"
    assert cloud.describe_cloud(other)["Status"] == "InProgress"


def test_header_is_about_its_own_call_only(cloud: RunningCloud) -> None:
    with posting(cloud, '{"what": "drop", "when": "after"}') as connection:
        assert read_all(connection) == b""
    assert count_tasks(cloud) == 1
    assert "TaskId" in cloud.start_cloud()


def test_header_that_makes_no_sense_is_refused(cloud: RunningCloud) -> None:
    with posting(cloud, '{"what": "sulk"}') as connection:
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"X-Local-Fault: what must be one of" in answer
    assert count_tasks(cloud) == 0


def test_unsigned_request_is_refused_before_any_fault(cloud: RunningCloud) -> None:
    planned = cloud.add_fault(where="api", what="drop")
    body = {"SdkAppId": SDK_APP_ID, "TaskId": "t"}
    response = cloud.call("DescribeCloudTranscription", body, more={"authorization": "SKIP"})
    assert response["Error"]["Code"] == "AuthFailure.InvalidAuthorization"
    assert cloud.list_faults() == [planned]


def test_struck_call_is_in_the_feed_with_what_the_client_got(cloud: RunningCloud) -> None:
    cloud.add_fault(where="api", what="error", code="ServiceUnavailable", when="after")
    cloud.start_cloud()
    struck, call = cloud.read_feed()[-2:]
    about = {"action": "CreateCloudTranscription", "room_id": "1234"}
    assert {
        "kind": "api.call",
        "outcome": "ServiceUnavailable",
        "fault": "error",
        **about,
    }.items() <= (call.items())
    strikes = [e for e in cloud.read_feed() if e["kind"] == "fault.struck"]
    assert len(strikes) == 1
    assert {"fault": 1, "where": "api", "what": "error", **about}.items() <= strikes[0].items()
    assert struck["kind"] != "api.call"
    answer = cloud.http.get("/_local/faults?strikes=1").json()
    at_ms = cloud.cloud.clock.now_ms()
    assert answer["strikes"] == [
        {"at_ms": at_ms, "fault": 1, "where": "api", "what": "error", **about}
    ]


def test_faults_are_listed_counted_and_taken_back(cloud: RunningCloud) -> None:
    hang = cloud.add_fault(where="api", what="hang", actions=["StopAITranscription"])
    error = cloud.add_fault(where="api", what="error", seed=7)
    assert (hang["id"], hang["struck"], error["id"]) == (1, 0, 2)
    cloud.start_cloud()
    assert cloud.list_faults() == [hang, {**error, "struck": 1}]
    assert cloud.http.delete("/_local/faults/2").json()["struck"] == 1
    assert cloud.http.delete("/_local/faults/2").status_code == 404
    assert cloud.http.delete("/_local/faults").json() == {"deleted": 1}
    assert cloud.list_faults() == []
    assert "TaskId" in cloud.start_cloud()


def test_list_of_faults_is_planned_whole_or_not_at_all(cloud: RunningCloud) -> None:
    good, bad = {"where": "api", "what": "drop"}, {"where": "api", "what": "sulk"}
    answer = cloud.http.post("/_local/faults", json=[good, bad])
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("fault 2: what must be one of error")
    assert cloud.list_faults() == []
    planned = cloud.http.post("/_local/faults", json=[good, good]).json()["faults"]
    assert [fault["id"] for fault in planned] == [1, 2]


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"drop"', b"", json.dumps([[]]).encode()])
def test_body_that_is_no_fault_is_refused(cloud: RunningCloud, body: bytes) -> None:
    answer = cloud.http.post("/_local/faults", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert cloud.list_faults() == []
