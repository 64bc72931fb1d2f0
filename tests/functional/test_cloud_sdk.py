"""Both editions of the typed official SDK against the emulator, unmodified."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.cloud.fields import Field
from local.cloud.parameters import ACTIONS
from tests.functional import cloud_sdk
from tests.functional.cloud_server import RunningCloud, make_user_sig, running_cloud

INTL = Path(sys.prefix) / "intl"
KINDS = {"int": "int", "float": "float", "str": "str"}


def run_intl(*arguments: str) -> Any:
    """cloud_sdk in a process that imports the international edition."""
    assert INTL.is_dir(), (
        f"{INTL} is missing: pip install --no-deps --target {INTL} tencentcloud-sdk-python-intl-en"
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.functional.cloud_sdk", *arguments],
        env={**os.environ, "PYTHONPATH": str(INTL)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["edition"] == "intl"
    return answer["result"]


def drive(edition: str, cloud: RunningCloud) -> dict[str, Any]:
    """The six answers, through one edition of the SDK."""
    user_sig = make_user_sig(cloud_sdk.BOT)
    if edition == "china":
        assert cloud_sdk.read_edition() == "china"
        return cloud_sdk.drive(cloud_sdk.connect(cloud.port), user_sig)
    answers = run_intl("drive", str(cloud.port), user_sig)
    assert isinstance(answers, dict)
    return answers


@pytest.mark.parametrize("edition", ["china", "intl"])
def test_typed_sdk_drives_all_six_actions(edition: str) -> None:
    with running_cloud() as cloud:
        answers = drive(edition, cloud)
        outcomes = [entry for entry in cloud.read_feed() if entry["kind"] == "api.call"]
    assert [(call["action"], call["outcome"]) for call in outcomes] == [
        (action, "ok") for action in ACTIONS
    ]
    described_ai = answers["DescribeAITranscription"]
    assert described_ai["TaskId"] == answers["StartAITranscription"]["TaskId"]
    assert described_ai["SessionId"] == "s"
    assert described_ai["Status"] in ("Preparing", "InProgress")
    assert isinstance(described_ai["StartTime"], str)
    described_cloud = answers["DescribeCloudTranscription"]
    assert described_cloud["TaskId"] == answers["CreateCloudTranscription"]["TaskId"]
    assert described_cloud["Status"] == "Idle"
    assert isinstance(described_cloud["StartTime"], int)
    assert all(answer["RequestId"] for answer in answers.values())


def test_typed_sdk_raises_the_emulators_error() -> None:
    with running_cloud() as cloud:
        client = cloud_sdk.connect(cloud.port)
        with pytest.raises(TencentCloudSDKException) as raised:
            cloud_sdk.call(client, "StopAITranscription", {"TaskId": "unknown"})
    assert raised.value.code == "FailedOperation.TaskNotExist"
    assert raised.value.requestId


def test_sdk_by_get_sends_parameters_in_the_query() -> None:
    with running_cloud() as cloud:
        answers = cloud_sdk.drive(
            cloud_sdk.connect(cloud.port, "GET"), make_user_sig(cloud_sdk.BOT)
        )
    assert answers["DescribeCloudTranscription"]["Status"] == "Idle"


def test_sdk_with_unsigned_payload_is_accepted() -> None:
    with running_cloud() as cloud:
        client = cloud_sdk.connect(cloud.port, unsigned_payload=True)
        answers = cloud_sdk.drive(client, make_user_sig(cloud_sdk.BOT))
    assert answers["DescribeCloudTranscription"]["Status"] == "Idle"


def test_every_parameter_of_the_sdk_is_in_the_tables_and_none_else() -> None:
    china, intl = cloud_sdk.read_models(), run_intl("models")
    for action in cloud_sdk.REQUESTS:
        shape = describe_table(ACTIONS[action].table)
        assert flatten(shape) == {**flatten(china[action]), **flatten(intl[action])}


def describe_table(table: Mapping[str, Field]) -> dict[str, Any]:
    """A table in the shape that cloud_sdk gives models."""
    return {name: describe_field(field) for name, field in table.items()}


def describe_field(field: Field) -> Any:
    if field.fields is not None:
        return describe_table(field.fields)
    return [describe_field(field.item)] if field.item is not None else KINDS[field.kind]


def flatten(shape: Any, path: str = "") -> dict[str, str]:
    """Path → type, e.g. `TTSParam[].Voice.Pitch` → `int`."""
    if isinstance(shape, str):
        return {path: shape}
    if isinstance(shape, list):
        return flatten(shape[0], f"{path}[]")
    leaves: dict[str, str] = {}
    for name, inner in shape.items():
        leaves |= flatten(inner, f"{path}.{name}")
    return leaves
