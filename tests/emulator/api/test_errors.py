"""The emulator's tables of error codes, and what the functions make of every code in them."""

import re
from pathlib import Path

import pytest

import local.cloud
from local.cloud.errors import (
    ACTION_CODES,
    COMMON_CODES,
    MESSAGES,
    ApiError,
    UndocumentedCodeError,
    check_code,
    list_codes,
)
from local.cloud.parameters import ACTIONS
from shared import errors
from shared.services.kinds import VERDICTS, is_gone

SOURCES = sorted(Path(next(iter(local.cloud.__path__))).glob("*.py"))
STARTS = ("StartAITranscription", "CreateCloudTranscription")
ROOM_DATA = ("DescribeRoomInfo", "DescribeUserInfo")
ASKING = sorted(ACTION_CODES.keys() - {*STARTS, *ROOM_DATA})
# The only code of each that says that the task is over; after any other one it may live.
OVER = {"ai": "FailedOperation.TaskNotExist", "cloud": "ResourceNotFound"}


def test_each_action_has_as_many_codes_as_its_document() -> None:
    assert {action: len(codes) for action, codes in ACTION_CODES.items()} == {
        "StartAITranscription": 7,
        "DescribeAITranscription": 2,
        "StopAITranscription": 2,
        "CreateCloudTranscription": 20,
        "DescribeCloudTranscription": 14,
        "DeleteCloudTranscription": 15,
        "DescribeRoomInfo": 23,
        "DescribeUserInfo": 23,
    }


@pytest.mark.parametrize("action", STARTS)
def test_every_code_of_a_start_has_its_own_verdict(action: str) -> None:
    assert set(list_codes(action)) <= VERDICTS.keys()


@pytest.mark.parametrize("action", ASKING)
def test_every_code_of_a_task_says_that_it_is_over_or_leaves_it_unknown(action: str) -> None:
    service = ACTIONS[action].service
    assert service
    over = {code for code in list_codes(action) if is_gone(service, errors.ApiError(code))}
    assert over == {OVER[service]}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_code_in_the_emulators_sources_is_in_a_table(source: Path) -> None:
    families = "|".join(sorted({code.split(".")[0] for code in MESSAGES}))
    used = re.findall(rf'"((?:{families})(?:\.\w+)?)"', source.read_text(encoding="utf-8"))
    assert set(used) <= MESSAGES.keys()


@pytest.mark.parametrize("action", ACTION_CODES)
def test_action_answers_its_own_and_the_common_codes(action: str) -> None:
    for code in (*ACTION_CODES[action], *COMMON_CODES):
        check_code(action, code)


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("CreateCloudTranscription", "ResourceInsufficient.RequestRejection"),
        ("CreateCloudTranscription", "InvalidParameter.UserSig"),
        ("DescribeCloudTranscription", "FailedOperation.TaskNotExist"),
        ("DescribeCloudTranscription", "InvalidParameter.OutOfRange"),
        ("DeleteCloudTranscription", "UnsupportedOperation.TaskLimit"),
        ("StartAITranscription", "InvalidParameter.SdkAppId"),
        ("StopAITranscription", "ResourceNotFound.Task"),
    ],
)
def test_code_of_another_action_is_a_bug(action: str, code: str) -> None:
    with pytest.raises(UndocumentedCodeError, match=f"{action} has no error code {code}"):
        check_code(action, code)


def test_of_another_products_actions_nothing_is_known() -> None:
    check_code("Invoke", "ResourceNotFound.Function")


def test_error_has_the_tables_message_unless_given_one() -> None:
    assert ApiError("InvalidAction").message == MESSAGES["InvalidAction"]
    assert ApiError("InvalidAction", "No.").message == "No."
