"""`doctor --start`: what one start proves, what each refusal says, and that no task is left behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from local.cloud.clock import ManualClock
from local.doctor.finding import Finding
from local.doctor.start import MAX_IDLE_S, STOPS, check_starts
from shared.api.client import Client
from shared.rules.decision import Rules
from shared.rules.file import parse_rules
from shared.settings import Credentials, read_settings
from tests.support.emulator import (
    APPLICATION,
    CONFIG,
    SDK_APP_ID,
    SECRET_ID,
    SECRET_KEY,
    RunningCloud,
    running_cloud,
)
from tests.support.local_commands import run_local

RULES = """
[[rules]]
name = "none for most"
room = "private-*"
service = "none"
[[rules]]
name = "all"
room = "*"
service = "{service}"
cloud = {{ region = "ap-singapore", language = "bigmodel-en" }}
ai = {{ region = "ap-singapore", language = "16k_zh_en" }}
"""
CLOUD, AI = (parse_rules(RULES.format(service=service)) for service in ("cloud", "ai"))
BOTH = pytest.mark.parametrize("rules", [CLOUD, AI], ids=["2.0", "1.0"])


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    with running_cloud() as cloud:
        yield cloud


class Waits(list[float]):
    """Keeps how long it was waited, and waits not at all."""

    def __call__(self, wait_s: float) -> None:
        self.append(wait_s)


def prove(
    cloud: RunningCloud,
    rules: Rules = CLOUD,
    *,
    secret: str = APPLICATION.secret_key,
    timeout_s: float = 10,
    sleep: Callable[[float], None] | None = None,
) -> Finding:
    """The finding about the one application."""
    environ = {
        "TRTC_SDK_APP_ID": str(SDK_APP_ID),
        "TRTC_SDK_SECRET_KEY": secret,
        "TRTC_CALLBACK_KEY": APPLICATION.callback_key,
        "TRTC_ENDPOINT": cloud.url,
    }
    client = Client(cloud.url, credentials=lambda: Credentials(SECRET_ID, SECRET_KEY, None))
    how = {"timeout_s": timeout_s, "sleep": Waits() if sleep is None else sleep}
    (finding,) = check_starts(read_settings(environ), rules, client, **how)  # type: ignore[arg-type]
    return finding


def list_actions(cloud: RunningCloud) -> list[object]:
    """The API calls that were made."""
    return [entry["action"] for entry in cloud.read_feed() if entry["kind"] == "api.call"]


@BOTH
def test_start_proves_the_secret_and_is_stopped(cloud: RunningCloud, rules: Rules) -> None:
    finding = prove(cloud, rules)
    assert finding.level == "ok"
    assert "which proves SecretId and SecretKey, the SDK secret (UserSig)" in finding.text
    assert "ap-singapore" in finding.text
    assert len(list_actions(cloud)) == 2
    assert cloud.list_tasks() == []
    (started,) = [entry for entry in cloud.read_feed() if entry["kind"] == "task.started"]
    assert str(started["room_id"]).startswith("roomscribe-doctor-")


@BOTH
def test_wrong_secret_fails_with_its_setting(cloud: RunningCloud, rules: Rules) -> None:
    finding = prove(cloud, rules, secret="of-another-application")
    assert finding.level == "FAIL"
    assert "InvalidParameter" in finding.text
    assert "TRTC_SDK_SECRET_KEY" in finding.remedy
    assert cloud.list_tasks() == []


def test_service_that_is_not_enabled_fails(cloud: RunningCloud) -> None:
    cloud.add_fault(where="api", what="error", code="FailedOperation.NotAbility")
    finding = prove(cloud, AI)
    assert finding.level == "FAIL"
    assert "FailedOperation.NotAbility" in finding.text
    assert "TRTC console" in finding.remedy


@pytest.mark.parametrize(
    ("rules", "code", "level"),
    [
        (CLOUD, "FailedOperation", "warn"),  # the API may say the same of an empty room
        (CLOUD, "FailedOperation.RestrictedConcurrency", "FAIL"),
        (AI, "ResourceInsufficient.RequestRejection", "FAIL"),
    ],
)
def test_quota_that_is_used_up_is_told(
    cloud: RunningCloud, rules: Rules, code: str, level: str
) -> None:
    cloud.add_fault(where="api", what="quota", code=code)
    finding = prove(cloud, rules)
    assert finding.level == level
    assert code in finding.text
    assert finding.remedy


def test_throttled_start_proves_nothing_and_is_no_failure(cloud: RunningCloud) -> None:
    cloud.add_fault(where="api", what="throttle")
    finding = prove(cloud)
    assert finding.level == "warn"
    assert "The SDK secret is not proven" in finding.text


def test_answer_that_does_not_come_is_told_from_no_route(cloud: RunningCloud) -> None:
    cloud.add_fault(where="api", what="hang", when="before")
    finding = prove(cloud, timeout_s=0.3)
    assert finding.level == "FAIL"
    assert "did not answer in time: it hangs" in finding.text
    assert f"it ends by itself {MAX_IDLE_S} s later" in finding.text


def test_task_of_1_0_whose_start_was_not_answered_is_found_and_stopped(cloud: RunningCloud) -> None:
    cloud.add_fault(where="api", what="drop", when="after", actions=["StartAITranscription"])
    assert prove(cloud, AI).level == "ok"
    assert cloud.list_tasks() == []


def test_task_of_2_0_whose_start_was_not_answered_ends_by_itself() -> None:
    with running_cloud(clock=ManualClock(time.time_ns() // 1_000_000)) as cloud:
        cloud.add_fault(
            where="api", what="drop", when="after", actions=["CreateCloudTranscription"]
        )
        finding = prove(cloud)
        assert finding.level == "FAIL"
        assert f"it ends by itself {MAX_IDLE_S} s later" in finding.text
        assert len(cloud.list_tasks()) == 1
        cloud.advance(MAX_IDLE_S * 1000)
        assert cloud.list_tasks() == []


@pytest.mark.parametrize("what", ["drop", "error"])
def test_stop_is_tried_until_it_succeeds(cloud: RunningCloud, what: str) -> None:
    cloud.add_fault(where="api", what=what, actions=["DeleteCloudTranscription"], times=3)
    waits = Waits()
    assert prove(cloud, sleep=waits).level == "ok"
    assert len(waits) == 3
    assert cloud.list_tasks() == []


def test_task_that_cannot_be_stopped_is_told_by_its_id(cloud: RunningCloud) -> None:
    cloud.add_fault(
        where="api", what="error", code="InternalError", actions=["DeleteCloudTranscription"]
    )
    waits = Waits()
    finding = prove(cloud, sleep=waits)
    assert (finding.level, len(waits)) == ("FAIL", STOPS - 1)
    (task,) = cloud.list_tasks()
    assert str(task["task_id"]) in finding.text
    assert "DeleteCloudTranscription" in finding.remedy


def test_task_is_told_by_its_id_to_whoever_interrupts_the_stop(
    cloud: RunningCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.add_fault(where="api", what="drop", actions=["DeleteCloudTranscription"])

    def interrupt(_wait_s: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prove(cloud, sleep=interrupt)
    (task,) = cloud.list_tasks()
    assert f"task {task['task_id']} may still run" in capsys.readouterr().err


def test_task_that_the_api_does_not_find_yet_is_asked_for_again() -> None:
    with running_cloud(replace(CONFIG, lookup_lag_ms=3_600_000)) as cloud:
        finding = prove(cloud)
        (task,) = cloud.list_tasks()
    assert finding.level == "warn"
    assert "ResourceNotFound" in finding.text
    assert str(task["task_id"]) in finding.text


def test_rules_that_start_nothing_leave_it_unproven(cloud: RunningCloud) -> None:
    nothing = parse_rules('[[rules]]\nname = "a"\nroom = "*"\nservice = "none"\n')
    finding = prove(cloud, nothing)
    assert (finding.level, list_actions(cloud)) == ("warn", [])
    assert "no rule starts anything" in finding.text


def test_nothing_is_started_unless_it_is_asked_for(cloud: RunningCloud) -> None:
    environ = {
        "TRTC_SDK_APP_ID": str(SDK_APP_ID),
        "TRTC_SDK_SECRET_KEY": APPLICATION.secret_key,
        "TRTC_CALLBACK_KEY": APPLICATION.callback_key,
        "TENCENT_SECRET_ID": SECRET_ID,
        "TENCENT_SECRET_KEY": SECRET_KEY,
    }
    done = run_local("doctor", "--endpoint", cloud.url, environ=environ)
    assert "CreateCloudTranscription" not in list_actions(cloud)
    assert "start" not in {line[6:19].strip() for line in done.stdout.splitlines()}
    done = run_local("doctor", "--endpoint", cloud.url, "--start", environ=environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ok    start" in done.stdout
    wrong = {**environ, "TRTC_SDK_SECRET_KEY": "of-another-application"}
    done = run_local("doctor", "--endpoint", cloud.url, "--start", environ=wrong)
    assert done.returncode == 1
    assert "of-another-application" not in done.stdout + done.stderr
