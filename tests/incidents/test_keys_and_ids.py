"""Incidents 1, 2 and 14: keys and ids that differ between the console and the functions, or in a start."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.emulator import APPLICATION, SDK_APP_ID
from tests.support.hosted_cloud import CloudAndHost
from tests.support.incident_stage import (
    MINUTE_MS,
    ask,
    check_healed,
    check_says,
    play_incident,
)

pytestmark = pytest.mark.slow

UNKNOWN = "Roomscribe was never told of this room"


async def meet(stage: CloudAndHost) -> None:
    """A meeting whose callbacks are all refused, for more than a minute: then the counts are kept."""
    await stage.create_room("lobby")
    await stage.pass_time(MINUTE_MS + 1)
    await stage.act("lobby", "audio", user_id="amy", on=True)
    await stage.pass_time(1_000)


async def go_on(stage: CloudAndHost) -> None:
    """The next event of the room."""
    await stage.act("lobby", "enter", user_id="bob")
    await stage.pass_time(1_000)


def test_1_callback_key_was_rotated_in_the_console_alone(tmp_path: Path) -> None:
    async def act(stage: CloudAndHost) -> None:
        await meet(stage)
        check_says(
            await ask(stage, "why", "lobby"),
            *(UNKNOWN, " wrong_sign", "signed with another key", "TRTC_CALLBACK_KEY"),
        )
        check_says(
            await ask(stage, "status", exits=1),
            *("warning: wrong_sign: ", "refused in the last hour", "why ROOM"),
        )
        await stage.deploy(TRTC_CALLBACK_KEY=f"{APPLICATION.callback_key},TheKeyOfYesterday")
        await go_on(stage)
        await check_healed(stage, "lobby")

    play_incident(tmp_path, act, settings={"TRTC_CALLBACK_KEY": "TheKeyOfYesterday"})


def test_2_functions_have_another_sdk_app_id(tmp_path: Path) -> None:
    """The answer leads to the log, which names the SdkAppId that came."""
    another = str(SDK_APP_ID + 1)

    async def act(stage: CloudAndHost) -> None:
        await meet(stage)
        check_says(
            await ask(stage, "why", "lobby"),
            *(UNKNOWN, " foreign_app", "TRTC_SDK_APP_ID", "callback.refused in the log names"),
        )
        line = stage.list_lines("callback.refused")[0]
        check_says(line["reason"], f"SdkAppId {SDK_APP_ID}, ours {another}")
        check_says(await ask(stage, "status", exits=1), "warning: foreign_app: ")
        await stage.deploy(TRTC_SDK_APP_ID=str(SDK_APP_ID))
        await go_on(stage)
        await check_healed(stage, "lobby")

    play_incident(tmp_path, act, settings={"TRTC_SDK_APP_ID": another})


def test_14_room_id_type_is_mixed_up_in_a_start_by_hand(tmp_path: Path) -> None:
    """The room is numeric; the bot that waits in the string room of that id is paid for."""

    async def act(stage: CloudAndHost) -> None:
        await stage.invoke("start_transcription", room_id="1234", room_id_type=1)
        room = {"room_id": 1234, "user_id": "amy", "room_id_type": 0}
        (await stage.http.post("/_local/rooms", json=room)).raise_for_status()
        await stage.pass_time(1_000)
        check_says(
            await ask(stage, "why", "1234", "--type", "string"),
            *("started by hand and no event", "wrong id type", "paid for"),
            *("stop_transcription with room_id_type 1", "start_transcription with 0"),
        )
        check_says(
            await ask(stage, "why", "1234", exits=0),
            *("The room is transcribed", "the string room of that id is known, too"),
        )

    play_incident(tmp_path, act)


def test_14_room_is_asked_for_with_the_other_id_type(tmp_path: Path) -> None:
    async def act(stage: CloudAndHost) -> None:
        room = {"room_id": 1234, "user_id": "amy", "room_id_type": 0}
        (await stage.http.post("/_local/rooms", json=room)).raise_for_status()
        await stage.pass_time(1_000)
        check_says(
            await ask(stage, "why", "1234", "--type", "string"),
            *(UNKNOWN, "the room of the same id and the other type", "Ask for room_id_type 0"),
        )

    play_incident(tmp_path, act)
