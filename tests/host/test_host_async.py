"""Invocation without waiting: the queue, its repeats, timers, and SCF's API in front of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.cloud.clock import ManualClock
from local.cloud.errors import ApiError
from local.host.app import Host
from local.host.scf_api import ScfApi
from tests.host.hosted_functions import Functions, begin, pass_time

START_MS = 1_700_000_010_000  # 22:13:30 UTC
WRITING = """
    import json, pathlib, time
    def main_handler(event, context):
        with pathlib.Path("seen").open("a") as seen:
            seen.write(json.dumps([event, time.time_ns() // 1_000_000]) + "\\n")
        return "done"
"""
FAILING = WRITING.replace('return "done"', 'raise ValueError("no")')
SLEEPING = "import time\ndef main_handler(event, context):\n    time.sleep(event)\n"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START_MS)


@pytest.fixture
def functions(tmp_path: Path, clock: ManualClock) -> Functions:
    functions = Functions(tmp_path)
    functions.clock = clock
    return functions


def read_seen(functions: Functions) -> list[list[Any]]:
    """(event, how many ms after the start) of each run."""
    lines = [json.loads(line) for line in functions.read("seen").splitlines()]
    return [[event, at_ms - START_MS] for event, at_ms in lines]


def test_event_is_run_later_and_its_result_is_in_the_feed(functions: Functions) -> None:
    functions.write("writing", WRITING)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        request_id = host.invoke_async("writing", {"a": 1})
        assert (host.pids, host.is_quiet) == ([], False)
        await host.settle()
        assert read_seen(functions) == [[{"a": 1}, 0]]
        assert functions.feed.results == [
            {
                "function": "writing",
                "request_id": request_id,
                "attempt": 1,
                "status": 0,
                "result": '"done"',
            }
        ]

    functions.serve(talk)


def test_failure_is_repeated_twice_a_minute_apart(functions: Functions, clock: ManualClock) -> None:
    functions.write("failing", FAILING)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        request_id = host.invoke_async("failing", 7)
        await pass_time(host, clock, 600_000)
        assert read_seen(functions) == [[7, 0], [7, 60_000], [7, 120_000]]
        results = functions.feed.results
        assert [(one["attempt"], one["status"]) for one in results] == [
            (1, 430),
            (2, 430),
            (3, 430),
        ]
        assert {one["request_id"] for one in results} == {request_id}

    functions.serve(talk)


@pytest.mark.parametrize(
    ("ending", "status"), [("os._exit(3)", 439), ("time.sleep(11)", 433)], ids=["exit", "late"]
)
def test_exit_and_timeout_are_repeated_too(
    functions: Functions, clock: ManualClock, ending: str, status: int
) -> None:
    functions.write(
        "odd",
        f"""
        import os, pathlib, time
        def main_handler(event, context):
            seen = pathlib.Path("seen")
            if not seen.exists():
                seen.touch()
                {ending}
            return 1
        """,
    )

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        host.invoke_async("odd", {})
        await pass_time(host, clock, 600_000)
        assert [one["status"] for one in functions.feed.results] == [status, 0]

    functions.serve(talk)


def test_events_wait_in_order_for_a_free_instance(functions: Functions, clock: ManualClock) -> None:
    functions.write("writing", WRITING.replace("return", "time.sleep(1)\n        return"))

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        for number in range(4):
            host.invoke_async("writing", number)
        await pass_time(host, clock, 10_000)
        assert read_seen(functions) == [[0, 0], [1, 1000], [2, 2000], [3, 3000]]

    functions.serve(talk, max_instances=1)


def test_what_is_queued_ends_with_the_host(functions: Functions, clock: ManualClock) -> None:
    functions.write("sleeping", SLEEPING)
    functions.write("failing", FAILING)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        host.invoke_async("failing", 1)
        for _number in range(3):
            host.invoke_async("sleeping", 5)
        await host.settle()

    functions.serve(talk, max_instances=1)  # checks that no instance is left
    clock.advance(600_000)
    assert read_seen(functions) == [[1, 0]]


def test_timer_runs_drain_starts_at_every_half_minute(
    functions: Functions, clock: ManualClock
) -> None:
    functions.write("drain_starts", WRITING)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        clock.advance(1)
        await pass_time(host, clock, 89_999)
        event = {"Type": "Timer", "TriggerName": "drain_starts", "Message": ""}
        assert read_seen(functions) == [
            [{**event, "Time": f"2023-11-14T22:{time}Z"}, at_ms]
            for time, at_ms in (("14:00", 30_000), ("14:30", 60_000), ("15:00", 90_000))
        ]

    functions.serve(talk)


def test_timer_events_do_not_pile_up_while_instances_are_busy(
    functions: Functions, clock: ManualClock
) -> None:
    functions.write("drain_starts", WRITING.replace("return", "time.sleep(50)\n        return"))

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        await pass_time(host, clock, 220_000)
        begun = [at_ms for _, at_ms in read_seen(functions)]
        # Each run is longer than the period: one event waits behind it, and no second one.
        assert begun == [30_000, 80_000, 130_000, 180_000]

    functions.serve(talk, max_instances=1)


def test_timer_leaves_a_folder_without_its_function_alone(
    functions: Functions, clock: ManualClock
) -> None:
    functions.write("other", WRITING)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        await pass_time(host, clock, 90_000)
        assert (host.pids, functions.feed.results) == ([], [])

    functions.serve(talk)


async def call_api(host: Host, **parameters: object) -> dict[str, Any]:
    """The Result of an Invoke."""
    answer = await ScfApi(host).run("Invoke", "ap-singapore", parameters)
    result = answer["Result"]
    assert isinstance(result, dict)
    return result


def test_api_invokes_without_waiting(functions: Functions) -> None:
    functions.write("writing", WRITING)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        result = await call_api(
            host, FunctionName="writing", InvocationType="Event", ClientContext='{"kick": true}'
        )
        assert host.pids == []
        await host.settle()
        assert read_seen(functions) == [[{"kick": True}, 0]]
        assert result == {
            "FunctionRequestId": functions.feed.results[0]["request_id"],
            "Duration": 0,
            "MemUsage": 0,
            "InvokeResult": 0,
            "BillDuration": 0,
            "RetMsg": "",
            "ErrMsg": "",
            "Log": "",
        }

    functions.serve(talk)


def test_api_invokes_and_waits(functions: Functions) -> None:
    functions.write(
        "echo", "main_handler = lambda event, context: [event, context['request_id']]\n"
    )

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        result = await call_api(
            host, FunctionName="echo", Namespace="default", Qualifier="$LATEST", ClientContext="7"
        )
        assert json.loads(result["RetMsg"]) == [7, result["FunctionRequestId"]]
        assert (result["InvokeResult"], result["ErrMsg"]) == (0, "")
        assert result["BillDuration"] >= result["Duration"] > 0
        empty = await call_api(host, FunctionName="echo", InvocationType="RequestResponse")
        assert json.loads(empty["RetMsg"])[0] == {}

    functions.serve(talk)


def test_api_says_how_a_run_failed(functions: Functions) -> None:
    functions.write("failing", FAILING)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        result = await call_api(host, FunctionName="failing")
        assert (result["InvokeResult"], result["ErrMsg"]) == (-1, "user code exception caught")
        assert json.loads(result["RetMsg"])["statusCode"] == 430
        assert len(read_seen(functions)) == 1  # nobody repeats it

    functions.serve(talk)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "MissingParameter"),
        ({"FunctionName": "nobody"}, "ResourceNotFound.Function"),
        ({"FunctionName": "../echo"}, "ResourceNotFound.Function"),
        ({"FunctionName": "echo", "Namespace": "other"}, "ResourceNotFound.Namespace"),
        ({"FunctionName": "echo", "Qualifier": "3"}, "ResourceNotFound.Qualifier"),
        ({"FunctionName": "echo", "InvocationType": "Later"}, "InvalidParameterValue"),
        ({"FunctionName": "echo", "ClientContext": "{"}, "InvalidParameterValue.ClientContext"),
        ({"FunctionName": "echo", "ClientContext": {}}, "InvalidParameterValue.ClientContext"),
        (
            {
                "FunctionName": "echo",
                "InvocationType": "Event",
                "ClientContext": f'"{"x" * 128 * 1024}"',
            },
            "InvalidParameter.RequestTooLarge",
        ),
    ],
)
def test_api_refuses_with_scfs_codes(
    functions: Functions, parameters: dict[str, object], code: str
) -> None:
    functions.write("echo", "main_handler = lambda event, context: event\n")

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        with pytest.raises(ApiError) as caught:
            await call_api(host, **parameters)
        assert (caught.value.code, host.pids) == (code, [])

    functions.serve(talk)


def test_event_over_128_kb_passes_when_somebody_waits(functions: Functions) -> None:
    functions.write("size", "main_handler = lambda event, context: len(event)\n")

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        text = json.dumps("x" * 200_000)
        result = await call_api(host, FunctionName="size", ClientContext=text)
        assert result["RetMsg"] == "200000"

    functions.serve(talk)


def test_killed_sleeper_is_run_again(functions: Functions, clock: ManualClock) -> None:
    functions.write("sleeping", SLEEPING)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        host.invoke_async("sleeping", 5)
        await host.settle()
        assert host.kill("sleeping", busy=True)
        assert not host.is_quiet
        await pass_time(host, clock, 65_000)
        assert [one["status"] for one in functions.feed.results] == [439, 0]

    functions.serve(talk)


def test_request_beside_the_queue_is_answered(functions: Functions, clock: ManualClock) -> None:
    functions.write("sleeping", SLEEPING)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        host.invoke_async("sleeping", 1)
        run = await begin(host, "sleeping", 1)
        await pass_time(host, clock, 1999)
        assert not run.done()
        await pass_time(host, clock, 1)
        assert await asyncio.wait_for(run, 10) is None

    functions.serve(talk, max_instances=1)
