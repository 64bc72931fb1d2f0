"""Incidents 5, 6 and 7: more is wanted than TRTC, or Roomscribe itself, allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.hosted_cloud import CloudAndHost
from tests.support.incident_stage import (
    MINUTE_MS,
    ask,
    check_healed,
    check_says,
    play_incident,
)

pytestmark = pytest.mark.slow

TEN_MINUTES_MS = 10 * MINUTE_MS


def test_5_quota_of_trtc_is_full_for_ten_minutes(tmp_path: Path) -> None:
    """1.0 has a code for it; 2.0 is assumed to say no more than that it refuses."""

    async def act(stage: CloudAndHost) -> None:
        await stage.create_room("early")
        await stage.pass_time(1_000)
        await stage.plan(where="api", what="quota", for_ms=TEN_MINUTES_MS)
        await stage.create_room("lobby")
        await stage.create_room("ai-1")
        await stage.pass_time(5 * MINUTE_MS)
        check_says(
            await ask(stage, "why", "ai-1"),
            *("waits for its start since", "ResourceInsufficient", "all of TRTC's quota"),
            *("(1 of 100 tasks run)", "TASK_QUOTA", "have Tencent raise it"),
        )
        check_says(
            await ask(stage, "why", "lobby"),
            *("FailedOperation", "or its quota (1 of 100 tasks run)", "compare the quota"),
        )
        check_says(
            await ask(stage, "status"),
            *("running 1/100", "waiting 2 (oldest 5m00s", "ResourceInsufficient"),
        )
        await stage.pass_time(6 * MINUTE_MS)
        await check_healed(stage, "early", "lobby", "ai-1")

    play_incident(tmp_path, act)


def test_6_own_task_quota_is_too_small(tmp_path: Path) -> None:
    async def act(stage: CloudAndHost) -> None:
        await stage.create_room("early")
        await stage.pass_time(1_000)
        await stage.create_room("lobby")
        await stage.pass_time(2 * MINUTE_MS)
        check_says(
            await ask(stage, "why", "lobby"),
            *("waits for a free place: 1 of 1 tasks are in use", "TaskQuota since"),
            *("Every place that TASK_QUOTA allows is taken", "raise TASK_QUOTA"),
        )
        check_says(
            await ask(stage, "status"),
            *("running 1/1 · waiting 1 (oldest 2m00s, TaskQuota)", "1 of 1 are in use"),
        )
        check_says(await ask(stage, "missed"), "1 room: 2m00s missing", "TaskQuota")
        await stage.act("early", "dismiss")
        await stage.pass_time(10_000)
        await check_healed(stage, "lobby")

    play_incident(tmp_path, act, settings={"TASK_QUOTA": "1"})


def test_7_storm_of_throttling(tmp_path: Path) -> None:
    """For ten minutes every call is one too many, also that which asks how a task is."""

    async def act(stage: CloudAndHost) -> None:
        await stage.create_room("early")
        await stage.pass_time(1_000)
        await stage.plan(where="api", what="throttle", for_ms=TEN_MINUTES_MS)
        await stage.create_room("lobby")
        await stage.pass_time(5 * MINUTE_MS)
        check_says(
            await ask(stage, "why", "lobby"),
            *("waits for its start since", "RequestLimitExceeded", "attempts"),
            *("More calls came than the API allows in a second", "Lower STARTS_PER_S_CLOUD"),
        )
        check_says(await ask(stage, "why", "early", exits=0), "The room is transcribed")
        check_says(
            await ask(stage, "status"),
            *("running 1/100 · waiting 1", "RequestLimitExceeded", "end what else calls the API"),
        )
        await stage.pass_time(6 * MINUTE_MS)
        await check_healed(stage, "early", "lobby")

    play_incident(tmp_path, act)
