"""Tencent's own SDKs and its command line against the emulator, with every signature that they offer."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.cloud.parameters import ACTIONS
from tests.emulator import official_clients, official_sdk
from tests.support.emulator import (
    CONFIG,
    SDK_APP_ID,
    RunningCloud,
    make_user_sig,
    running_cloud,
    write_cloud_order,
)

AnswersByWay = Mapping[str, Mapping[str, Any]]
node_only = pytest.mark.skipif(
    official_clients.find_missing_node() is not None,
    reason=str(official_clients.find_missing_node()),
)


def drive_china(port: int, user_sig: str, *ways: str) -> AnswersByWay:
    """The China edition of the Python SDK, in this process."""
    assert official_sdk.read_edition() == "china"
    return {way: official_sdk.drive(official_sdk.connect_by(way, port), user_sig) for way in ways}


def drive_intl(port: int, user_sig: str, *ways: str) -> AnswersByWay:
    """The international edition of the Python SDK."""
    answers: AnswersByWay = official_clients.run_intl("drive", str(port), user_sig, *ways)
    return answers


def drive_node_china(port: int, user_sig: str, *ways: str) -> AnswersByWay:
    """The China edition of the Node SDK."""
    return official_clients.run_node("china", port, user_sig, *ways)


def drive_node_intl(port: int, user_sig: str, *ways: str) -> AnswersByWay:
    """The international edition of the Node SDK."""
    return official_clients.run_node("intl", port, user_sig, *ways)


@pytest.mark.parametrize(
    "drive",
    [
        drive_china,
        drive_intl,
        pytest.param(drive_node_china, marks=node_only),
        pytest.param(drive_node_intl, marks=node_only),
    ],
)
def test_sdk_drives_all_actions_with_every_signature(
    drive: Callable[..., AnswersByWay],
) -> None:
    # Each way starts the same tasks again: nothing of the one before is held any more.
    with running_cloud(replace(CONFIG, cleaning_ms=0)) as cloud:
        by_way = drive(cloud.port, make_user_sig(official_sdk.BOT), *official_clients.WAYS)
        outcomes = read_outcomes(cloud)
    assert outcomes == [(action, "ok") for _ in official_clients.WAYS for action in ACTIONS]
    assert tuple(by_way) == official_clients.WAYS
    for answers in by_way.values():
        check_answers(answers)


def read_outcomes(cloud: RunningCloud) -> list[tuple[object, object]]:
    """What became of the calls, in their order."""
    calls = [entry for entry in cloud.read_feed() if entry["kind"] == "api.call"]
    return [(call["action"], call["outcome"]) for call in calls]


def check_answers(answers: Mapping[str, Any]) -> None:
    """That the answers are whole, and about one task of each service."""
    assert all(answer["RequestId"] for answer in answers.values())
    described = answers["DescribeAITranscription"]
    assert described["TaskId"] == answers["StartAITranscription"]["TaskId"]
    assert described["SessionId"] == "s"
    assert described["Status"] in ("Preparing", "InProgress")
    assert isinstance(described["StartTime"], str)
    described = answers["DescribeCloudTranscription"]
    assert described["TaskId"] == answers["CreateCloudTranscription"]["TaskId"]
    assert described["Status"] in ("Idle", "InProgress")
    assert isinstance(described["StartTime"], int)
    assert answers["DeleteCloudTranscription"]["TaskId"] == described["TaskId"]
    assert (answers["DescribeRoomInfo"]["Total"], answers["DescribeRoomInfo"]["RoomList"]) == (
        0,
        [],
    )
    assert (answers["DescribeUserInfo"]["Total"], answers["DescribeUserInfo"]["UserList"]) == (
        0,
        [],
    )


@pytest.mark.slow
def test_tccli_drives_all_actions(tmp_path: Path) -> None:
    """With a TaskId that may begin with "-", as an argument of the command line could not be told."""
    bot = {"UserId": "bot", "UserSig": make_user_sig("bot")}
    room = {"SdkAppId": SDK_APP_ID, "RoomId": "1234", "RoomIdType": 0}
    answers: dict[str, Any] = {}

    def ask(action: str, **parameters: object) -> Any:
        answers[action] = official_clients.run_tccli(tmp_path, cloud.port, action, parameters)
        return answers[action]

    with running_cloud() as cloud:
        ai = ask("StartAITranscription", **room, TranscriptionParams=bot, SessionId="s")
        ask("DescribeAITranscription", TaskId="", SdkAppId=SDK_APP_ID, SessionId="s")
        ask("StopAITranscription", TaskId=ai["TaskId"])
        task = ask("CreateCloudTranscription", **write_cloud_order("1234", "bot"))
        ask("DescribeCloudTranscription", SdkAppId=SDK_APP_ID, TaskId=task["TaskId"])
        ask("DeleteCloudTranscription", SdkAppId=SDK_APP_ID, TaskId=task["TaskId"])
        now_s = int(time.time())
        when = {"SdkAppId": SDK_APP_ID, "StartTime": now_s - 3600, "EndTime": now_s}
        ask("DescribeRoomInfo", **when)
        ask("DescribeUserInfo", **when, CommId=f"{SDK_APP_ID}_1234_{now_s}", UserIds=["amy"])
        assert read_outcomes(cloud) == [(action, "ok") for action in ACTIONS]
    check_answers(answers)
