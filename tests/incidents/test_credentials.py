"""Incidents 3 and 4: the API does not accept the SDK secret, or the credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.emulator import APPLICATION, SECRET_ID, SECRET_KEY
from tests.support.hosted_cloud import CloudAndHost
from tests.support.incident_stage import (
    MINUTE_MS,
    ask,
    check_healed,
    check_says,
    play_incident,
)

pytestmark = pytest.mark.slow

CLOUD_ROOM, AI_ROOM = "lobby", "ai-1"


async def meet(stage: CloudAndHost) -> None:
    """A room of 2.0 and one of 1.0, and nobody who looks at them for two minutes."""
    await stage.create_room(CLOUD_ROOM)
    await stage.create_room(AI_ROOM)
    await stage.pass_time(2 * MINUTE_MS)


async def check_heals(stage: CloudAndHost, name: str, right: str) -> None:
    """Deploy the right setting: within a minute both rooms are transcribed, and it is known since when."""
    await stage.deploy(**{name: right})
    await stage.pass_time(MINUTE_MS)
    await check_healed(stage, CLOUD_ROOM, AI_ROOM)
    missed = await ask(stage, "missed")
    check_says(missed, "2 rooms: ")
    assert "goes on" not in missed


def test_3_sdk_secret_is_wrong(tmp_path: Path) -> None:
    """2.0 has no code of its own for it, so its answer names the rule's keys, too."""

    async def act(stage: CloudAndHost) -> None:
        await meet(stage)
        for room in (CLOUD_ROOM, AI_ROOM):
            check_says(
                await ask(stage, "why", room),
                *("its start failed with InvalidParameter", "UserSig"),
                "Copy TRTC_SDK_SECRET_KEY again from the TRTC console",
            )
        check_says(
            await ask(stage, "status"),
            *("failed 2 (InvalidParameter", "the SDK secret is wrong", "TRTC_SDK_SECRET_KEY"),
        )
        await check_heals(stage, "TRTC_SDK_SECRET_KEY", APPLICATION.secret_key)

    play_incident(tmp_path, act, settings={"TRTC_SDK_SECRET_KEY": "that-of-another-application"})


@pytest.mark.parametrize(
    ("name", "wrong", "right", "code", "cause", "remedy"),
    [
        (
            *("TENCENT_SECRET_ID", "AnotherId", SECRET_ID, "SecretIdNotFound"),
            *("SecretId does not exist", "copy SecretId and SecretKey again"),
        ),
        (
            *("TENCENT_SECRET_KEY", "AnotherKey", SECRET_KEY, "SignatureFailure"),
            *("SecretKey does not belong to the SecretId", "copy both again"),
        ),
        (
            *("TENCENT_TOKEN", "ATokenThatHasRunOut", "", "TokenFailure"),
            *("session token has run out", "take a new set of temporary credentials"),
        ),
    ],
    ids=["SecretId", "SecretKey", "token"],
)
def test_4_credentials_are_wrong_or_have_run_out(
    tmp_path: Path, name: str, wrong: str, right: str, code: str, cause: str, remedy: str
) -> None:
    async def act(stage: CloudAndHost) -> None:
        await meet(stage)
        told = await ask(stage, "why", CLOUD_ROOM)
        check_says(told, f"its start failed with AuthFailure.{code}", cause, remedy)
        check_says(await ask(stage, "status"), f"failed 2 (AuthFailure.{code})", cause)
        check_says(await ask(stage, "missed"), "2 rooms: 4m00s missing", "goes on", code)
        await check_heals(stage, name, right)

    play_incident(tmp_path, act, settings={name: wrong})
