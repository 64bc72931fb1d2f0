"""The host beside the emulator, on one clock: callbacks, functions, API calls, hour after hour."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.support.emulator import SECRET_ID, SECRET_KEY
from tests.support.hosted_cloud import START_MS, CloudAndHost, HostedCloud


@pytest.fixture
def hosted(tmp_path: Path) -> HostedCloud:
    return HostedCloud(tmp_path / "functions")


def test_callback_whose_function_sleeps_does_not_stop_the_clock(hosted: HostedCloud) -> None:
    hosted.write(
        "trtc_callback",
        """
        import time
        def main_handler(event, context):
            time.sleep(2)
            return {"code": 0}
        """,
    )

    async def act(stage: CloudAndHost) -> None:
        await stage.create_room()  # 101 and 103: two callbacks
        await stage.pass_time(10_000)
        delivered = stage.list_entries("callback.delivered")
        assert [(one["status"], one["at_ms"]) for one in delivered] == [(200, START_MS + 2000)] * 2

    hosted.play(act)


def test_callback_waits_for_its_retry_on_the_same_clock(hosted: HostedCloud) -> None:
    hosted.write(
        "trtc_callback",
        """
        import json, time
        def main_handler(event, context):
            late = time.time() >= 1_700_000_020
            return {"statusCode": 200 if late else 503, "body": ""}
        """,
    )

    async def act(stage: CloudAndHost) -> None:
        await stage.create_room()
        await stage.pass_time(60_000)
        entries = stage.list_entries("callback.delivered")
        tries = [
            (one["status"], int(str(one["at_ms"])) - START_MS)
            for one in entries
            if one["event_type"] == 101
        ]
        assert tries == [(503, 0), (503, 0), (503, 10_000), (200, 20_000)]

    hosted.play(act)


KICKING = f"""
    import json, os
    from tencentcloud.common.common_client import CommonClient
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile

    def main_handler(event, context):
        host = os.environ["URL"].removeprefix("http://")
        profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=host))
        keys = Credential("{SECRET_ID}", "{SECRET_KEY}")
        client = CommonClient("scf", "2018-04-16", keys, "ap-singapore", profile)
        kick = {{"FunctionName": "drain_starts", "InvocationType": "Event", "ClientContext": "[1]"}}
        answer = json.loads(client.call("Invoke", kick))["Response"]
        print(json.dumps({{"message": "kicked", "id": answer["Result"]["FunctionRequestId"]}}))
        return {{"code": 0}}
"""
DRAINING = """
    import json, time
    def main_handler(event, context):
        time.sleep(40)
        return [event, time.time()]
"""


def test_function_kicks_another_through_scfs_api_hours_later(hosted: HostedCloud) -> None:
    hosted.write("trtc_callback", KICKING)
    hosted.write("drain_starts", DRAINING)

    async def act(stage: CloudAndHost) -> None:
        await stage.pass_time(3 * 3600 * 1000 + 1000)
        done = stage.list_entries("function.result")
        assert len(done) == 3 * 120 - 1  # every half minute; the last one still sleeps
        await stage.create_room()
        await stage.pass_time(100_000)
        kicked = [e["line"] for e in stage.list_entries("function.log") if "kicked" in str(e)]
        kicks = {str(line["id"]) for line in kicked if isinstance(line, dict)}
        assert len(kicks) == 2
        results = {e["request_id"]: e for e in stage.list_entries("function.result")}
        assert all(str(results[kick]["result"]).startswith("[[1], ") for kick in kicks)

    hosted.play(act)


def test_clock_is_moved_by_http(hosted: HostedCloud) -> None:
    hosted.write("drain_starts", "import time\nmain_handler = lambda event, context: time.time()\n")

    async def act(stage: CloudAndHost) -> None:
        async with httpx.AsyncClient(base_url=stage.url, trust_env=False) as client:
            shown = (await client.get("/_local/clock")).json()
            assert shown == {"now_ms": START_MS, "manual": True}
            moved = await client.post("/_local/clock", json={"advance_s": 70})
            assert moved.json() == {"now_ms": START_MS + 70_000}
            results = stage.list_entries("function.result")
            assert [e["result"] for e in results] == [
                "1700000010.0",
                "1700000040.0",
                "1700000070.0",
            ]
            await client.post("/_local/clock", json={"advance_s": 3600, "step_s": 60})
            assert stage.clock.now_ms() == START_MS + 3_670_000

    hosted.play(act)


@pytest.mark.parametrize(
    "body", [{}, {"advance_s": "1"}, {"advance_s": 0}, {"advance_s": 1, "step_s": -1}, []]
)
def test_clock_is_not_moved_by_nonsense(hosted: HostedCloud, body: object) -> None:
    async def act(stage: CloudAndHost) -> None:
        async with httpx.AsyncClient(base_url=stage.url, trust_env=False) as client:
            answer = await client.post("/_local/clock", json=body)
        assert (answer.status_code, list(answer.json())) == (400, ["error"])
        assert stage.clock.now_ms() == START_MS

    hosted.play(act)
