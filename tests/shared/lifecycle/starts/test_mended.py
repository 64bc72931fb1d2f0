"""A start that fails because of an account, a key or a permission comes back when that is mended."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from shared.console.commands import start_room
from shared.console.request import RoomRequest
from shared.lifecycle.claimed_start import FAILED_AGAIN_MS
from shared.lifecycle.drainer import drain
from shared.rules.file import parse_rules
from shared.settings import read_settings, take_fingerprint
from tests.support.faked_api import OPENED_MS, RULES, STARTED, Stage, error
from tests.support.instance import SETTINGS

CREATE, START_AI = "CreateCloudTranscription", "StartAITranscription"
MENDABLE = [
    "AuthFailure.SignatureFailure",
    "AuthFailure.TokenFailure",
    "InvalidParameter.UserSig",
    "InvalidParameterValue",
    "UnsupportedRegion",
    "InvalidParameter",
    "FailedOperation.NotAbility",
    "FailedOperation.SdkAppIdNotUnderAppId",
]


def change_settings(stage: Stage, **changes: str) -> None:
    """The next deployment has other settings."""
    settings = read_settings({**SETTINGS, **changes})
    stage.resources = replace(stage.resources, settings=settings)


def change_rules(stage: Stage, was: str, now: str) -> None:
    """The next deployment has other rules, and a setting that is of no matter."""
    change_settings(stage, TASK_QUOTA="99")
    stage.resources = replace(stage.resources, rules=parse_rules(RULES.replace(was, now)))
    begin_cold(stage)


def begin_cold(stage: Stage) -> None:
    """The next invocation is the first of a new instance."""
    invocation = replace(stage.resources.invocation, cold_start=True)
    stage.resources = replace(stage.resources, invocation=invocation)


@pytest.mark.parametrize("code", MENDABLE)
def test_it_is_tried_again_every_five_minutes(stage: Stage, code: str) -> None:
    stage.answer(CREATE, error(code), error(code), STARTED)
    first = stage.create()
    assert (first.message, first.level, first.due) == ("transcription.failed", "error", False)
    stage.now_ms += FAILED_AGAIN_MS - 60_000
    assert (stage.drain(), len(stage.asked())) == ([], 1)
    stage.now_ms += 60_000
    (again,) = [outcome for _, outcomes in drain(stage.resources) for outcome in outcomes]
    assert (again.message, again.level) == ("transcription.failed", "info")  # one ERROR is enough
    stage.now_ms += FAILED_AGAIN_MS
    assert stage.drain() == ["transcription.started"]


def test_it_is_tried_at_once_when_somebody_comes_and_the_settings_have_changed(
    stage: Stage,
) -> None:
    stage.answer(CREATE, error("InvalidParameter.UserSig"), STARTED)
    stage.create()
    assert stage.event(103, OPENED_MS + 1, "ann").outcome == "failed"
    change_settings(stage, TRTC_SDK_SECRET_KEY="the-right-one")
    assert stage.event(103, OPENED_MS + 2, "bob").message == "transcription.started"


def test_a_new_instance_of_the_drainer_tries_what_failed_under_other_settings(stage: Stage) -> None:
    stage.answer(CREATE, error("InvalidParameter.UserSig"), STARTED)
    stage.create()
    begin_cold(stage)
    assert stage.drain() == []
    change_settings(stage, TRTC_SDK_SECRET_KEY="the-right-one")
    assert stage.drain() == ["transcription.started"]
    assert stage.task().failed_under == ""


def test_rule_that_the_api_refused_gives_way_to_the_mended_one(stage: Stage) -> None:
    stage.answer(CREATE, error("InvalidParameter.OutOfRange"), STARTED)
    stage.create()
    change_rules(stage, '"bigmodel-en"', '"bigmodel-zh"')
    assert stage.drain() == ["transcription.started"]
    assert stage.body()["AsrParam"]["Lang"] == "bigmodel-zh"


def test_rule_of_a_session_stays_when_something_else_was_wrong(stage: Stage) -> None:
    stage.answer(CREATE, error("InvalidParameter.UserSig"), STARTED)
    stage.create()
    change_rules(stage, '"bigmodel-en"', '"bigmodel-zh"')
    assert stage.drain() == ["transcription.started"]
    assert stage.body()["AsrParam"]["Lang"] == "bigmodel-en"


def test_room_that_the_mended_rules_leave_out_is_not_tried_again(stage: Stage) -> None:
    stage.answer(CREATE, error("UnsupportedRegion"))
    stage.create()
    change_rules(stage, 'room = "*"', 'room = "*"\nservice = "none"')
    assert stage.drain() == ["transcription.not_wanted"]
    assert stage.resources.ledger.find_next_due() is None


def test_persons_own_parameters_are_not_the_rules_to_mend(stage: Stage) -> None:
    stage.answer(CREATE, error("InvalidParameter.OutOfRange"), STARTED)
    stage.create()
    change_rules(stage, '"bigmodel-en"', '"bigmodel-zh"')
    changes = {"cloud": {"language": "bigmodel-ja"}}
    start_room(RoomRequest(stage.room, None, "now", changes), stage.resources)
    assert stage.body()["AsrParam"]["Lang"] == "bigmodel-ja"


def test_room_whose_id_no_api_can_take_is_not_tried_again(stage: Stage) -> None:
    stage.room_id = "x" * 65
    stage.create()
    change_rules(stage, '"bigmodel-en"', '"bigmodel-zh"')
    assert (stage.drain(), stage.asked()) == ([], [])


def test_permanent_credentials_are_settings_and_a_roles_are_not(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = stage.resources.settings
    mine = {"TENCENT_SECRET_ID": "id", "TENCENT_SECRET_KEY": "key"}
    known = take_fingerprint(settings, mine)
    assert take_fingerprint(settings, {**mine, "TENCENT_SECRET_KEY": "other"}) != known
    assert take_fingerprint(settings, {**mine, "TENCENTCLOUD_SECRETKEY": "rotated"}) == known


def test_another_package_has_another_fingerprint(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    import shared.settings as module

    known = take_fingerprint(stage.resources.settings)
    monkeypatch.setattr(module, "CODE", tmp_path)
    module._hash_package.cache_clear()  # noqa: SLF001  another package is another process
    assert take_fingerprint(stage.resources.settings) != known
    module._hash_package.cache_clear()  # noqa: SLF001


def test_fingerprint_tells_nothing(stage: Stage) -> None:
    assert len(take_fingerprint(stage.resources.settings)) == 32
    assert SETTINGS["TRTC_SDK_SECRET_KEY"] not in take_fingerprint(stage.resources.settings)


def test_fallback_that_fails_too_gives_way_to_the_rules_own_service(stage: Stage) -> None:
    stage.room_id = "fallback-1"
    stage.answer(CREATE, error("FailedOperation.NotAbility"), STARTED)
    stage.answer(START_AI, error("FailedOperation.NotAbility"))
    stage.create()
    assert (stage.task().state, stage.task().service) == ("failed", "ai")
    stage.now_ms += FAILED_AGAIN_MS
    assert stage.drain() == ["transcription.started"]
    assert stage.task().service == "cloud"


def test_closed_room_is_not_tried_again(stage: Stage) -> None:
    stage.answer(CREATE, error("InvalidParameter.UserSig"))
    stage.create()
    stage.event(102, OPENED_MS + 5)
    stage.now_ms += 2 * FAILED_AGAIN_MS
    assert stage.drain() == []
    assert stage.resources.ledger.find_next_due() is None
