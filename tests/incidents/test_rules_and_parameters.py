"""Incidents 12 and 13: rules that are wrong, and what the API refuses because of them or of the account."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.cloud.clock import ManualClock
from shared.scf import now_ms
from tests.support.hosted_cloud import CloudAndHost
from tests.support.hosted_roomscribe import write_rules
from tests.support.incident_stage import (
    MINUTE_MS,
    ask,
    ask_doctor,
    check_healed,
    check_says,
    play_incident,
)

pytestmark = pytest.mark.slow

REGION = 'region = "ap-singapore"'


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        (REGION, 'region = "ap-nowhere"', "cloud.region: 'ap-nowhere' is in no list"),
        (
            'language = "bigmodel-en"',
            'lanugage = "bigmodel-en"',
            "cloud.lanugage: unknown key; did you mean 'language'?",
        ),
    ],
    ids=["region", "key"],
)
def test_12_region_is_wrong_or_a_rules_key_is_misspelled(
    tmp_path: Path, right: str, wrong: str, words: str
) -> None:
    """The functions refuse the file, and every command says where."""
    rules_file = write_rules(tmp_path)
    text = rules_file.read_text()
    rules_file.write_text(text.replace(right, wrong))

    async def act(stage: CloudAndHost) -> None:
        await stage.create_room("lobby")
        await stage.pass_time(1_000)
        for command in (["why", "lobby"], ["status"], ["missed"]):
            check_says(await ask(stage, *command), "error: ", "rules.toml: [defaults]", words)
        found = await ask_doctor(stage, "--remote")
        check_says(found, "FAIL  rules ", "FAIL  remote ", words, "mend the rules file")
        rules_file.write_text(text)
        await stage.deploy()
        await stage.pass_time(MINUTE_MS)
        await check_healed(stage, "lobby")

    play_incident(tmp_path, act, rules_file=rules_file, clock=ManualClock(now_ms()))


def test_12_region_that_only_the_api_refuses(tmp_path: Path) -> None:
    """The rules let it pass because they were told to."""
    rules_file = write_rules(tmp_path)
    text = rules_file.read_text()
    rules_file.write_text(
        text.replace(REGION, f"{REGION.replace('singapore', 'nowhere')}\nallow_unlisted = true", 1)
    )

    async def act(stage: CloudAndHost) -> None:
        await stage.create_room("lobby")
        await stage.pass_time(2 * MINUTE_MS)
        check_says(
            await ask(stage, "why", "lobby"),
            *("its start failed with UnsupportedRegion", "has no such region"),
            "Name another region in the rules and deploy",
        )
        rules_file.write_text(text)
        await stage.deploy()
        await stage.pass_time(MINUTE_MS)
        await check_healed(stage, "lobby")

    play_incident(tmp_path, act, rules_file=rules_file)


@pytest.mark.parametrize(
    ("room", "code", "cause", "remedy"),
    [
        ("ai-1", "FailedOperation.NotAbility", "is not unlocked", "enable it in the TRTC console"),
        ("lobby", "InvalidParameter.OutOfRange", "refuses a value", "mend the rule's keys"),
    ],
    ids=["ability", "parameter"],
)
def test_13_ability_is_not_unlocked_or_a_parameter_is_refused(
    tmp_path: Path, room: str, code: str, cause: str, remedy: str
) -> None:
    """It heals when the API accepts it: what failed is tried again every few minutes."""

    async def act(stage: CloudAndHost) -> None:
        await stage.plan(where="api", what="error", code=code)
        await stage.create_room(room)
        await stage.pass_time(2 * MINUTE_MS)
        told = await ask(stage, "why", room)
        check_says(told, f"its start failed with {code}", cause, remedy, "request_id=")
        check_says(await ask(stage, "status"), f"failed 1 ({code})", cause, remedy)
        check_says(await ask(stage, "missed"), "2m00s, goes on", code)
        await stage.clear_faults()
        await stage.pass_time(6 * MINUTE_MS)
        await check_healed(stage, room)

    play_incident(tmp_path, act)
