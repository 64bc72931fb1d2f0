"""What a log line says of a start that fails or waits, and that it heals when its cause is mended."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import drain_starts
import pytest

from shared.remedies import TABLE
from tests.support.emulator import APPLICATION, SECRET_ID, SECRET_KEY
from tests.support.instance import forget_instance
from tests.support.signed_callbacks import RULES, Scene

pytestmark = pytest.mark.slow

CREATED = 101
CREATE, START_AI = "CreateCloudTranscription", "StartAITranscription"


def drain() -> None:
    """The timer."""
    drain_starts.main_handler({}, {"request_id": "r", "time_limit_in_ms": 10_000})


def read_last(scene: Scene, message: str) -> dict[str, Any]:
    """The newest line of that name."""
    return [line for line in scene.lines() if line["message"] == message][-1]


@pytest.mark.parametrize(
    ("room_id", "code", "message"),
    [
        ("ai-1", "FailedOperation.NotAbility", "transcription.failed"),
        ("lobby", "InvalidParameter.OutOfRange", "transcription.failed"),
        ("lobby", "InternalError.CTInternalError", "transcription.deferred"),
        ("lobby", "RequestLimitExceeded", "transcription.deferred"),
    ],
)
def test_refusal_is_told_with_reason_and_remedy(
    scene: Scene, room_id: str, code: str, message: str
) -> None:
    action = START_AI if room_id == "ai-1" else CREATE
    scene.cloud.add_fault(where="api", what="error", code=code, actions=[action], times=1)
    scene.send(CREATED, room_id, "ann")
    line = read_last(scene, message)
    advice = TABLE.get(code) or TABLE[code.partition(".")[0]]
    assert (line["error_code"], line["reason"], line["remedy"]) == (code, *advice)


def test_quota_is_told_with_its_numbers(scene: Scene, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TASK_QUOTA", "1")
    scene.send(CREATED, "lobby", "ann")
    scene.send(CREATED, "lounge", "ann")
    line = read_last(scene, "transcription.waiting")
    assert line["reason"].endswith(" is taken (1 of 1 tasks run)")
    assert "TASK_QUOTA" in line["remedy"]
    assert (line["living"], line["task_quota"]) == (1, 1)


def test_trtcs_own_quota_is_told_with_what_we_use_of_it(scene: Scene) -> None:
    scene.send(CREATED, "lobby", "ann")
    scene.cloud.add_fault(
        where="api",
        what="quota",
        code="ResourceInsufficient.RequestRejection",
        actions=[START_AI],
    )
    scene.send(CREATED, "ai-1", "ann")
    assert "(1 of 100 tasks run)" in read_last(scene, "transcription.deferred")["reason"]


def test_api_that_is_out_of_reach_is_told_apart(
    scene: Scene, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("TRTC_ENDPOINT", "http://127.0.0.1:9")
    scene.send(CREATED, "lobby", "ann")
    line = read_last(scene, "transcription.deferred")
    assert line["error_code"] == "ClientNetworkError.NoConnection"
    assert "refused" in line["reason"]


def test_start_that_succeeds_does_not_load_the_table(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "shared.remedies", raising=False)
    scene.send(CREATED, "lobby", "ann")
    assert scene.words() == ["transcription.started started"]
    assert "shared.remedies" not in sys.modules


@pytest.mark.parametrize("room_id", ["lobby", "ai-1"])
@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("TRTC_SDK_SECRET_KEY", "that-of-another-application", APPLICATION.secret_key),
        ("TENCENT_SECRET_ID", "AnotherId", SECRET_ID),
        ("TENCENT_SECRET_KEY", "AnotherKey", SECRET_KEY),
        ("TENCENT_TOKEN", "a-token-that-has-run-out", ""),
    ],
)
def test_wrong_key_heals_with_the_right_one_and_no_command(
    scene: Scene, environment: pytest.MonkeyPatch, room_id: str, name: str, wrong: str, right: str
) -> None:
    environment.setenv(name, wrong)
    scene.send(CREATED, room_id, "ann")
    line = read_last(scene, "transcription.failed")
    assert line["remedy"]
    assert not {wrong, right or wrong} & {*line.values()}
    environment.setenv(name, right)
    forget_instance()
    drain()
    assert len(scene.tasks()) == 1


def test_parameter_that_the_api_refuses_heals_with_the_mended_rule_and_no_command(
    scene: Scene, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scene.cloud.add_fault(where="api", what="error", code="UnsupportedRegion", times=2)
    scene.send(CREATED, "lobby", "ann")
    forget_instance()
    drain()
    assert scene.tasks() == []
    mended = tmp_path / "mended.toml"
    mended.write_text(RULES.replace("ap-singapore", "ap-guangzhou"))
    environment.setenv("RULES_FILE", str(mended))
    scene.cloud.http.request("DELETE", "/_local/faults")
    forget_instance()
    drain()
    assert [task["region"] for task in scene.tasks()] == ["ap-guangzhou"]
