"""deploy/tccli.sh with the real tccli against the local cloud: it deploys, whatever goes wrong."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile

import httpx
import pytest

from deploy.functions import FUNCTIONS
from local.scf.parameters import TABLES
from tests.deploy.deployed import URL, list_task_rooms, post_room_created, say_in_new_room
from tests.support.local_commands import run_local
from tests.support.tccli_deployment import SETTINGS, Tencent

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]
NAMES = {function.key: f"roomscribe-prod-{function.key}" for function in FUNCTIONS}
DRAINER, CALLBACK = NAMES["drain_starts"], NAMES["trtc_callback"]


def list_states(tencent: Tencent) -> set[str]:
    """In which states the functions are."""
    return {
        str(tencent.call("GetFunction", FunctionName=name)["Status"]) for name in NAMES.values()
    }


def test_what_is_deployed_serves_callbacks_and_is_mended_by_the_next_run(tencent: Tencent) -> None:
    done = tencent.deploy()
    assert done.stderr == ""
    assert done.returncode == 0
    callback_url, reading_url = URL.findall(done.stdout)
    assert say_in_new_room(tencent, callback_url, "class-7") == 1
    assert list_task_rooms(tencent) == ["class-7"]
    reading = httpx.get(f"{reading_url}/x", trust_env=False, timeout=30)
    assert reading.status_code == 503  # each instance has a ledger of its own: nothing to read
    assert read_limits(tencent) == [640, 12_800, 6_400]
    assert examine(tencent) == [
        "ok    limits       drain_starts: at most 640 MB at once",
        "ok    limits       trtc_callback: at most 12800 MB at once",
        "ok    limits       read_transcript: at most 6400 MB at once",
        "ok    log          read_transcript has no topic",
    ]

    change_by_hand(tencent)
    tccli_configured_otherwise(tencent)
    changed = tencent.package.with_name("changed.zip")
    shutil.copyfile(tencent.package, changed)
    with zipfile.ZipFile(changed, "a") as archive:
        archive.writestr("rules.txt", "other rules")
    done = tencent.deploy(str(changed), CALLBACK_CONCURRENCY_MB="1280", READ_CONCURRENCY_MB="0")
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout.count("updating roomscribe-prod-") == len(FUNCTIONS)
    assert URL.findall(done.stdout) == [callback_url, reading_url]
    assert post_room_created(callback_url, "class-8").json() == {"code": 0}
    timer = tencent.get_trigger(DRAINER, "timer")
    assert (timer["Enable"], json.loads(timer["TriggerDesc"])) == (1, {"cron": "*/30 * * * * * *"})
    assert tencent.get_trigger(CALLBACK, "timer")["TriggerName"] == "a-stranger"
    assert tencent.call("GetFunction", FunctionName=DRAINER)["MemorySize"] == 64
    assert read_limits(tencent) == [640, 1_280, None]
    kept = tencent.call("GetFunctionAddress", FunctionName=CALLBACK, Qualifier="1")
    assert kept["CodeSha256"] == hashlib.sha256(tencent.package.read_bytes()).hexdigest()


def examine(tencent: Tencent) -> list[str]:
    """What `doctor` says of the functions that are deployed."""
    place = {"STAGE": "prod", "REGION": "ap-singapore", "ROLE": "roomscribe"}
    endpoints = {"TRTC_ENDPOINT": tencent.url, "INVOKE_ENDPOINT": tencent.url}
    done = run_local("doctor", environ={**SETTINGS, **place, **endpoints})
    return [line for line in done.stdout.splitlines() if line[6:].startswith(("limits", "log"))]


def read_limits(tencent: Tencent) -> list[int | None]:
    """The memory reserved for the drainer, for callbacks and for readers, in MB."""
    return [
        tencent.call("GetReservedConcurrencyConfig", FunctionName=name)["ReservedMem"]
        for name in (DRAINER, CALLBACK, NAMES["read_transcript"])
    ]


def change_by_hand(tencent: Tencent) -> None:
    """Somebody was in the console: timer and URLs changed, a trigger of another kind, more memory."""
    at = {"Qualifier": "$DEFAULT"}
    timer = {"FunctionName": DRAINER, "TriggerName": "drain-starts", "Type": "timer", **at}
    tencent.call("UpdateTrigger", **timer, Enable="CLOSE", TriggerDesc="0 0 3 * * * *")
    url = {"FunctionName": CALLBACK, "TriggerName": "url-trigger", "Type": "http", **at}
    net = {"EnableExtranet": True, "EnableIntranet": False}
    described = json.dumps({"AuthType": "CAM", "NetConfig": net})
    tencent.call("UpdateTrigger", **url, TriggerDesc=described)
    tencent.call(
        "UpdateTrigger", **{**url, "FunctionName": NAMES["read_transcript"]}, Enable="CLOSE"
    )
    stranger = {"FunctionName": CALLBACK, "TriggerName": "a-stranger", "Type": "timer", **at}
    tencent.call("CreateTrigger", **stranger, TriggerDesc="0 0 3 * * * *", Enable="OPEN")
    answer = tencent.call("UpdateFunctionConfiguration", FunctionName=DRAINER, MemorySize=256)
    assert "Error" not in answer


def tccli_configured_otherwise(tencent: Tencent) -> None:
    """Its user prefers text, and another region; neither may matter."""
    settings = {"output": "text", "region": "ap-tokyo", "arrayCount": 10}
    file = tencent.home / ".tccli" / "default.configure"
    file.write_text(json.dumps({"_sys_param": settings}))


def test_every_first_attempt_is_throttled(tencent: Tencent) -> None:
    tencent.plan(where="api", what="throttle", every=2, actions=sorted(TABLES))
    done = tencent.deploy()
    assert done.stderr == ""
    assert done.returncode == 0
    assert tencent.count_strikes() >= 4 * len(FUNCTIONS)
    tencent.mend()
    assert list_states(tencent) == {"Active"}
    assert len(URL.findall(done.stdout)) == 2


def test_each_run_gets_beyond_what_failed_the_last_one(tencent: Tencent) -> None:
    def fails(code: str, action: str, function: str = DRAINER, **changes: str) -> str:
        tencent.plan(where="api", what="error", code=code, actions=[action])
        done = tencent.deploy(**changes)
        tencent.mend()
        assert (done.returncode, URL.findall(done.stdout)) == (1, [])
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"error: {action} of {function}: {code} (RequestId ")
        return line

    fails("InternalError.System", "GetFunction", CALLBACK)
    tencent.plan(where="function", what="fail")
    done = tencent.deploy()
    tencent.mend()
    assert done.returncode == 1
    assert f"{DRAINER} is CreateFailed: FailedOperation.ClsServiceUnregistered" in done.stderr
    assert "docs/deploy.md#the-account" in done.stderr

    fails("UnauthorizedOperation.DeleteFunction", "DeleteFunction")
    assert "attach QcloudSCFFullAccess" in fails("UnauthorizedOperation.CAM", "CreateFunction")
    fails("InternalError.System", "UpdateFunctionEventInvokeConfig")
    fails("InternalError.System", "GetReservedConcurrencyConfig")
    full = "LimitExceeded.FunctionReservedConcurrencyMemory"
    assert "lower CALLBACK_CONCURRENCY_MB" in fails(full, "PutReservedConcurrencyConfig")
    fails("FailedOperation.UpdateFunctionCode", "UpdateFunctionCode")
    changed = {"LOG_LEVEL": "DEBUG"}
    fails("InternalError.System", "UpdateFunctionConfiguration", **changed)
    fails("InternalError.System", "ListTriggers", **changed)
    fails("LimitExceeded.Trigger", "CreateTrigger", **changed)
    timer = {"TriggerName": "drain-starts", "Type": "timer", "TriggerDesc": "0 0 3 * * * *"}
    made = tencent.call("CreateTrigger", FunctionName=DRAINER, Qualifier="$LATEST", **timer)
    assert "Error" not in made
    fails("InternalError.System", "UpdateTrigger", **changed)
    tencent.plan(where="api", what="error", code="UnsupportedOperation", actions=["UpdateTrigger"])
    fails("FailedOperation.DeleteTrigger", "DeleteTrigger", **changed)

    busy = {"where": "api", "what": "error", "times": 1}
    tencent.plan(**busy, code="FailedOperation.UpdateFunctionCode", actions=["UpdateFunctionCode"])
    tencent.plan(**busy, code="ResourceInUse.Function", actions=["CreateFunction"])
    reserving = {**busy, "times": 3, "code": "FailedOperation.ReservedInProgress"}
    tencent.plan(**reserving, actions=["PutReservedConcurrencyConfig"])
    tencent.plan(where="function", what="slow", ms=4000, times=1)
    slow = tencent.call("UpdateFunctionConfiguration", FunctionName=DRAINER, Timeout=30)
    assert "Error" not in slow
    done = tencent.deploy()
    assert done.stderr == ""
    assert done.returncode == 0
    assert f"{DRAINER} is Updating; waiting" in done.stdout
    assert list_states(tencent) == {"Active"}
    assert post_room_created(URL.findall(done.stdout)[0], "class-7").json() == {"code": 0}
    assert list_task_rooms(tencent) == ["class-7"]
