"""What the site of the API means to the functions: rules are read for it, and 1.0 in China has no region."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from shared.console.commands import start_room
from shared.console.request import RoomRequest
from shared.entry import open_resources
from shared.errors import RulesError
from shared.resources import Resources
from shared.rules.file import parse_rules
from shared.settings import read_settings
from tests.support.faked_api import LIVES, OPENED_MS, STARTED, Stage, error
from tests.support.instance import SETTINGS

CHINA = "trtc.tencentcloudapi.com"
WITHOUT_REGION = """
[[rules]]
name = "1.0 in China"
room = "*"
service = "ai"
ai = { language = "16k_zh_en" }
"""
STOPPED: dict[str, Any] = {"Response": {"RequestId": "r-3"}}


def settle_in_china(stage: Stage, **settings: str) -> Resources:
    """The stage's resources with the settings of functions that ask the China site."""
    environ = {**SETTINGS, "TRTC_ENDPOINT": CHINA, **settings}
    return replace(stage.resources, settings=read_settings(environ))


def test_1_0_is_started_and_stopped_without_a_region(stage: Stage) -> None:
    rules = parse_rules(WITHOUT_REGION, site="china")
    stage.resources = replace(stage.resources, rules=rules)
    stage.answer("StartAITranscription", STARTED)
    stage.answer("StopAITranscription", STOPPED)
    assert stage.create().message == "transcription.started"
    assert [task_id.region for task_id in stage.task().task_ids] == [""]
    assert stage.event(102, OPENED_MS + 1_000).message == "transcription.stopped"
    asked = [call.request.headers for call in stage.api.calls]
    assert [headers["X-TC-Action"] for headers in asked] == [
        *("StartAITranscription", "StopAITranscription")
    ]
    assert not any("X-TC-Region" in headers for headers in asked)


def test_lost_task_id_is_asked_for_without_a_region(stage: Stage) -> None:
    rules = parse_rules(WITHOUT_REGION, site="china")
    stage.resources = replace(stage.resources, rules=rules)
    stage.answer("StartAITranscription", error("FailedOperation.TaskExist"))
    stage.answer("DescribeAITranscription", LIVES)
    stage.create()
    assert [(i.task_id, i.region) for i in stage.task().task_ids] == [("task-7", "")]
    assert not any("X-TC-Region" in call.request.headers for call in stage.api.calls)


def test_functions_read_the_rules_for_the_site_of_their_endpoint(
    stage: Stage, tmp_path: Path
) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(WITHOUT_REGION)
    invocation, ledger = stage.resources.invocation, f"sqlite:///{tmp_path}/other.db"
    known = {"RULES_FILE": str(path), "LEDGER_URL": ledger}
    in_china = settle_in_china(stage, **known).settings
    assert open_resources(in_china, invocation).rules.rules[0].name == "1.0 in China"
    elsewhere = read_settings({**SETTINGS, **known})
    with pytest.raises(RulesError, match=r"ai\.region: is missing; one of ap-guangzhou"):
        open_resources(elsewhere, invocation)


def test_start_by_hand_is_checked_for_the_site(stage: Stage) -> None:
    changes = {"cloud": {"region": "ap-beijing", "send_custom_mode": 2}}
    request = RoomRequest(stage.room, changes=changes, when="now", user_id=None)
    with pytest.raises(RulesError) as caught:
        start_room(request, settle_in_china(stage))
    assert caught.value.problems == (
        "event ('everything else'): cloud.send_custom_mode: the API of the china site (TRTC_ENDPOINT) "
        "takes at most 1",
    )
