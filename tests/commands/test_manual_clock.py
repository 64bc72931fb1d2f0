"""`--clock manual` from the command line, with Roomscribe's own functions; and SCF's API at each port."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import httpx
import pytest
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from TLSSigAPIv2 import TLSSigAPIv2

from local.development import SDK_APP_ID, SDK_SECRET_KEY, SECRET_ID, SECRET_KEY
from tests.support.local_commands import run_local, serve_local

pytestmark = pytest.mark.slow

REGION = "ap-singapore"
ROOM = {"room_id": "class-1", "room_id_type": 1, "user_id": "amy"}


def open_client(url: str, service: str, version: str, secret_key: str = SECRET_KEY) -> CommonClient:
    """The official SDK's client."""
    address = url.removeprefix("http://")
    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=address))
    return CommonClient(service, version, Credential(SECRET_ID, secret_key), REGION, profile)


def invoke(url: str, secret_key: str = SECRET_KEY, **parameters: object) -> dict[str, Any]:
    """SCF's Invoke; the Result."""
    client = open_client(url, "scf", "2018-04-16", secret_key)
    result = json.loads(client.call("Invoke", parameters))["Response"]["Result"]
    assert isinstance(result, dict)
    return result


def start_task(url: str, room_id: str) -> None:
    """A 2.0 task in a room of text, always with the same bot."""
    bot = {"UserId": "bot", "UserSig": TLSSigAPIv2(SDK_APP_ID, SDK_SECRET_KEY).gen_sig("bot")}
    room = {"SdkAppId": SDK_APP_ID, "RoomId": room_id, "RoomIdType": 1}
    asr = {"AsrParam": {"Lang": "bigmodel-en"}}
    client = open_client(url, "trtc", "2019-07-22")
    client.call("CreateCloudTranscription", {**room, "TranscriptionParam": bot, **asr})


@pytest.mark.slow
def test_meeting_of_two_hours_is_over_in_seconds() -> None:
    with serve_local("up", "--port", "0", "--clock", "manual") as up:
        assert up.process.stdout
        assert "no meeting is played" in up.process.stdout.readline()
        begun_ms = httpx.get(f"{up.url}/_local/clock").json()["now_ms"]

        def move(seconds: int) -> None:
            moved = httpx.post(f"{up.url}/_local/clock", json={"advance_s": seconds}, timeout=30)
            assert moved.status_code == 200

        move(3600)
        assert httpx.post(f"{up.url}/_local/rooms", json=ROOM).is_success
        move(3600)
        (room,) = httpx.get(f"{up.url}/_local/rooms").json()["rooms"]
        assert [task["service"] for task in room["tasks"]] == ["cloud"]
        assert httpx.post(f"{up.url}/_local/rooms/class-1/dismiss").is_success
        move(60)
        assert httpx.get(f"{up.url}/_local/rooms").json() == {"rooms": []}
        report = httpx.get(f"{up.url}/_local/report").json()
        seconds = [report[f"{name}_s"] for name in ("missing", "doubled", "orphaned")]
        assert seconds == pytest.approx([0, 0, 0], abs=1)
        assert httpx.get(f"{up.url}/_local/clock").json()["now_ms"] == begun_ms + 7_260_000


def test_clock_of_the_cloud_alone_moves_too() -> None:
    with serve_local("cloud", "--port", "0", environ={"ROOMSCRIBE_CLOCK": "manual"}) as cloud:
        before = httpx.get(f"{cloud.url}/_local/clock").json()
        after = httpx.post(f"{cloud.url}/_local/clock", json={"advance_s": 5}).json()
        assert before["manual"]
        assert after["now_ms"] == before["now_ms"] + 5000


def test_clock_of_the_system_is_not_moved() -> None:
    with serve_local("cloud", "--port", "0") as cloud:
        assert httpx.get(f"{cloud.url}/_local/clock").json()["manual"] is False
        answer = httpx.post(f"{cloud.url}/_local/clock", json={"advance_s": 5})
        assert answer.status_code == 409
        assert "--clock manual" in answer.json()["error"]


def test_once_needs_a_clock_that_moves() -> None:
    done = run_local("up", "--once", "--port", "0", "--clock", "manual")
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == "error: --once plays a meeting, and on a manual clock nothing would move\n"
    )


@pytest.mark.parametrize("hold", [True, False])
def test_bot_alone_holds_a_room_where_the_switch_says_so(hold: bool) -> None:
    switch = "--bots-hold-rooms" if hold else "--no-bots-hold-rooms"
    opposite = {"ROOMSCRIBE_BOTS_HOLD_ROOMS": str(not hold)}
    options = ("--port", "0", "--clock", "manual", switch)
    with serve_local("up", *options, environ=opposite) as up:
        assert httpx.post(f"{up.url}/_local/rooms", json=ROOM).is_success
        assert httpx.post(f"{up.url}/_local/clock", json={"advance_s": 5}).is_success
        left = httpx.post(f"{up.url}/_local/rooms/class-1/leave", json={"user_id": "amy"})
        assert left.json()["open"] is hold


@pytest.mark.parametrize(("same_bot", "tasks"), [("refuse", 1), ("both", 2)])
def test_second_task_of_one_bot_is_what_the_switch_says(same_bot: str, tasks: int) -> None:
    options = ("--port", "0", "--clock", "manual", "--same-bot", same_bot)
    with serve_local("up", *options) as up:
        room = {**ROOM, "room_id": "private-1"}  # the sample rules leave it alone
        assert httpx.post(f"{up.url}/_local/rooms", json=room).is_success
        for _ in range(2):
            with contextlib.suppress(TencentCloudSDKException):
                start_task(up.url, "private-1")
        (shown,) = httpx.get(f"{up.url}/_local/rooms").json()["rooms"]
        assert len(shown["tasks"]) == tasks


@pytest.mark.parametrize("command", ["up", "functions"])
def test_functions_are_invoked_through_scfs_api(command: str) -> None:
    options = ("--clock", "manual") if command == "up" else ()
    with serve_local(command, "--port", "0", *options) as served:
        question = json.dumps({"room_id": "nowhere", "room_id_type": 1})
        result = invoke(served.url, FunctionName="describe_room", ClientContext=question)
        assert isinstance(json.loads(result["RetMsg"]), dict)
        later = invoke(served.url, FunctionName="describe_room", InvocationType="Event")
        assert len(later["FunctionRequestId"]) == 36
        with pytest.raises(TencentCloudSDKException) as unknown:
            invoke(served.url, FunctionName="nobody")
        assert unknown.value.get_code() == "ResourceNotFound.Function"
        with pytest.raises(TencentCloudSDKException) as forged:
            invoke(served.url, secret_key="other", FunctionName="describe_room")
        assert forged.value.get_code() == "AuthFailure.SignatureFailure"
