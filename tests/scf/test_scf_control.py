"""SCF's control plane at home: as Tencent defines it, and with a clock that is moved by hand."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.cloud.errors import COMMON_CODES
from local.scf.parameters import TABLES
from tests.scf.definitions import (
    compare_answer,
    compare_table,
    list_codes,
    load,
    read_example,
)
from tests.scf.hello import HELLO, NAME, TIMER, URL, Scf, describe_url, fetch, get_code, pack
from tests.support.emulator import running_cloud
from tests.support.local_commands import ROOT
from tests.support.tccli_deployment import running_tencent

pytestmark = pytest.mark.slow


@pytest.fixture
def scf(tmp_path: Path) -> Iterator[Scf]:
    with running_tencent(tmp_path, Path("none"), "--clock", "manual") as tencent:
        yield Scf(tencent, tmp_path / "record")


@pytest.mark.parametrize("action", sorted(TABLES))
def test_parameters_are_those_of_the_definitions(action: str) -> None:
    model = load("api")["actions"][action]["input"]
    assert list(compare_table(TABLES[action], model)) == []


def test_every_error_code_is_one_that_scf_has() -> None:
    raised: set[str] = set()
    for path in (ROOT / "local" / "scf").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        raised |= set(re.findall(r'"((?:[A-Z][A-Za-z]+)(?:\.[A-Z]\w+)?)"', text))
    families = {code.partition(".")[0] for code in list_codes()}
    raised = {code for code in raised if code.partition(".")[0] in families and "." in code}
    assert len(raised) > 15
    assert raised <= list_codes() | set(COMMON_CODES)


def test_answers_have_the_shape_of_the_definitions(scf: Scf) -> None:
    def check(action: str, **parameters: object) -> dict[str, Any]:
        answer = scf.call(action, **parameters)
        assert "Error" not in answer
        assert list(compare_answer(answer, load("api")["actions"][action]["output"])) == []
        checked.add(action)
        return answer

    checked = {"CreateFunction"}
    scf.make()
    check("CreateTrigger", **NAME, **URL, TriggerDesc=describe_url())
    check("CreateTrigger", **NAME, **TIMER, TriggerDesc="*/30 * * * * * *")
    scf.pass_time(1)
    found = check("GetFunction", **NAME)
    assert [one["Type"] for one in found["Triggers"]] == ["http", "timer"]
    check("ListTriggers", **NAME)
    check("UpdateTrigger", **NAME, **TIMER, Enable="CLOSE")
    check("DeleteTrigger", **NAME, **TIMER)
    again = {"RetryConfig": [{"RetryNum": 0}], "MsgTTL": 60}
    check("UpdateFunctionEventInvokeConfig", **NAME, AsyncTriggerConfig=again)
    check("PutReservedConcurrencyConfig", **NAME, ReservedConcurrencyMem=256)
    assert check("GetReservedConcurrencyConfig", **NAME)["ReservedMem"] == 256
    check("DeleteReservedConcurrencyConfig", **NAME)
    assert check("GetReservedConcurrencyConfig", **NAME)["ReservedMem"] is None
    check("PublishVersion", **NAME)
    scf.pass_time(1)
    check("ListVersionByFunction", **NAME)
    check("GetFunctionAddress", **NAME, Qualifier="1")
    check("UpdateFunctionCode", **NAME, Code={"ZipFile": pack("main_handler = None", "other")})
    scf.pass_time(1)
    failed = check("GetFunction", **NAME)
    assert failed["StatusReasons"][0]["ErrorCode"] == "InvalidParameterValue.Handler"
    check("UpdateFunctionConfiguration", **NAME, Timeout=10, IgnoreSysLog=True)
    scf.pass_time(1)
    check("DeleteFunction", **NAME)
    assert checked == set(TABLES)


def test_triggers_are_described_as_in_the_official_examples(scf: Scf) -> None:
    scf.make()
    scf.make_url()
    (example,) = read_example("ListTriggers")["Triggers"]
    assert scf.get_details("http").keys() == json.loads(example["TriggerDesc"]).keys()
    net = json.loads(example["TriggerDesc"])["NetConfig"]
    assert scf.get_details("http")["NetConfig"].keys() == net.keys()
    scf.call("CreateTrigger", **NAME, **TIMER, TriggerDesc="*/30 * * * * * *")
    timer = read_example("CreateTrigger")["TriggerInfo"]
    assert scf.get_details("timer").keys() == json.loads(timer["TriggerDesc"]).keys()
    assert re.fullmatch(
        r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", scf.call("GetFunction", **NAME)["ModTime"]
    )


def variable(name: str, value: str) -> dict[str, object]:
    return {"Environment": {"Variables": [{"Key": name, "Value": value}]}}


Wrong = list[tuple[dict[str, Any], str]]
WRONG: Wrong = [
    (variable("SCF_ENDPOINT", "x"), "InvalidParameterValue.EnvironmentSystemProtect"),
    (variable("QCLOUD_X", "x"), "InvalidParameterValue.EnvironmentSystemProtect"),
    (variable("TENCENTCLOUD_X", "x"), "InvalidParameterValue.EnvironmentSystemProtect"),
    (variable("EMPTY", ""), "InvalidParameterValue.Environment"),
    (variable("1ST", "x"), "InvalidParameterValue.Environment"),
    (variable("LARGE", "x" * 4092), "InvalidParameterValue.EnvironmentExceededLimit"),
    ({"MemorySize": 100}, "InvalidParameterValue.MemorySize"),
    ({"MemorySize": 3200}, "InvalidParameterValue.MemorySize"),
    ({"Timeout": 0}, "LimitExceeded.Timeout"),
    ({"Timeout": 901}, "LimitExceeded.Timeout"),
    ({"VpcConfig": {"VpcId": "vpc-1"}}, "InvalidParameterValue.Vpc"),
    ({"Namespace": "other"}, "ResourceNotFound.Namespace"),
    ({"Colour": "red"}, "UnknownParameter"),
    ({"Timeout": "10"}, "InvalidParameter"),
]
WRONG_TO_CREATE: Wrong = [
    ({"FunctionName": "a" * 61}, "InvalidParameterValue.FunctionName"),
    ({"FunctionName": "ends_"}, "InvalidParameterValue.FunctionName"),
    ({"Handler": "hello"}, "InvalidParameterValue.Handler"),
    ({"Handler": "hello.other"}, "InvalidParameterValue.Handler"),
    ({"Runtime": "Python3.7"}, "InvalidParameterValue.Runtime"),
    ({"Code": {"ZipFile": "no base64!"}}, "InvalidParameterValue.ZipFileBase64BinasciiError"),
    ({"Code": {"ZipFile": "aGVsbG8="}}, "InvalidParameterValue.ZipFile"),
    ({"Code": {}}, "InvalidParameterValue.Code"),
    ({"Code": None}, "MissingParameter"),
]


def test_what_scf_refuses_is_refused(scf: Scf) -> None:
    for change, code in (*WRONG, *WRONG_TO_CREATE):
        refused = scf.call("CreateFunction", **{**NAME, **CODE, **change})
        assert (change, get_code(refused)) == (change, code)
    assert get_code(scf.call("GetFunction", **NAME)) == "ResourceNotFound.Function"
    scf.make()
    assert get_code(scf.create()) == "ResourceInUse.Function"
    for change, code in WRONG:
        refused = scf.call("UpdateFunctionConfiguration", **{**NAME, **change})
        assert (change, get_code(refused)) == (change, code)
    assert scf.get_status() == "Active"


CODE: dict[str, object] = {
    "Code": {"ZipFile": pack()},
    "Handler": "hello.main_handler",
    "Runtime": "Python3.10",
}


def test_triggers_that_scf_refuses_are_refused(scf: Scf) -> None:
    assert get_code(scf.call("ListTriggers", **NAME)) == "ResourceNotFound.Function"
    scf.create()
    made = scf.call("CreateTrigger", **NAME, **URL, TriggerDesc=describe_url())
    assert get_code(made) == "FailedOperation.CreateTrigger"
    scf.pass_time(1)
    for wrong, code in (
        ({**URL, "TriggerDesc": "{}"}, "InvalidParameterValue.TriggerDesc"),
        ({**URL, "TriggerDesc": describe_url("OPEN")}, "InvalidParameterValue.TriggerDesc"),
        ({**TIMER, "TriggerDesc": "every minute"}, "InvalidParameterValue.TriggerCronConfig"),
        (
            {**TIMER, "TriggerName": "a timer", "TriggerDesc": ""},
            "InvalidParameterValue.TriggerName",
        ),
        ({**TIMER, "Type": "cos", "TriggerDesc": ""}, "InvalidParameterValue.Type"),
    ):
        assert get_code(scf.call("CreateTrigger", **NAME, **wrong)) == code
    scf.make_url()
    again = scf.call("CreateTrigger", **NAME, **URL, TriggerDesc=describe_url())
    assert get_code(again) == "ResourceInUse.Trigger"
    other = {**URL, "TriggerName": "other"}
    second = scf.call("CreateTrigger", **NAME, **other, TriggerDesc=describe_url())
    assert get_code(second) == "LimitExceeded.Trigger"
    assert get_code(scf.call("DeleteTrigger", **NAME, **other)) == "ResourceNotFound.Trigger"


def test_function_is_creating_then_active_and_busy_in_between(scf: Scf) -> None:
    scf.create()
    assert scf.get_status() == "Creating"
    assert get_code(scf.call("Invoke", **NAME)) == "ResourceNotFound.Function"
    busy = scf.call("UpdateFunctionConfiguration", **NAME, Timeout=9)
    assert get_code(busy) == "FailedOperation.UpdateFunctionConfiguration"
    assert get_code(scf.call("DeleteFunction", **NAME)) == "FailedOperation.DeleteFunction"
    scf.pass_time(1)
    assert scf.get_status() == "Active"
    result = scf.call("Invoke", **NAME)["Result"]
    assert json.loads(result["RetMsg"])["body"] == "hello"


def test_code_for_another_python_fails_in_words_before_any_call(scf: Scf) -> None:
    compiled = "fast/_core.cpython-32-x86_64-linux-gnu.so"
    scf.create(Code={"ZipFile": pack(more={compiled: ""})})
    scf.pass_time(1)
    found = scf.call("GetFunction", **NAME)
    (reason,) = found["StatusReasons"]
    assert (found["Status"], reason["ErrorCode"]) == (
        "CreateFailed",
        "InvalidParameterValue.Runtime",
    )
    assert reason["ErrorMessage"].startswith(
        "The code has modules for Python 3.2; deployed functio"
    )
    this = "fast/_core.cpython-{}{}-x86_64-linux-gnu.so".format(*sys.version_info)
    scf.call("DeleteFunction", **NAME)
    scf.create(Code={"ZipFile": pack(more={this: "", "fast/_any.abi3.so": ""})})
    scf.pass_time(1)
    assert scf.get_status() == "Active"


def test_old_code_runs_until_the_new_one_is_there(scf: Scf) -> None:
    scf.make()
    url = scf.make_url()
    assert fetch(url).text == "hello"
    new = pack("def main_handler(event, context):\n    return 'new'\n")
    assert "Error" not in scf.call("UpdateFunctionCode", **NAME, Code={"ZipFile": new})
    assert (scf.get_status(), fetch(url).text) == ("Updating", "hello")
    scf.pass_time(1)
    assert (scf.get_status(), fetch(url).json()) == ("Active", "new")


def test_failed_creation_stays_so_until_it_is_deleted(scf: Scf) -> None:
    scf.tencent.plan(where="function", what="fail", function="hello-*", reason="Why not?", times=1)
    scf.make()
    found = scf.call("GetFunction", **NAME)
    (reason,) = found["StatusReasons"]
    assert (found["Status"], reason["ErrorMessage"]) == ("CreateFailed", "Why not?")
    updated = scf.call("UpdateFunctionCode", **NAME, Code={"ZipFile": pack()})
    assert get_code(updated) == "FailedOperation.UpdateFunctionCode"
    assert "Error" not in scf.call("DeleteFunction", **NAME)
    scf.make()
    assert scf.get_status() == "Active"


def test_failed_update_leaves_the_function_as_it_was(scf: Scf) -> None:
    scf.make()
    url = scf.make_url()
    scf.call("UpdateFunctionCode", **NAME, Code={"ZipFile": pack(HELLO, "elsewhere")})
    scf.pass_time(1)
    assert (scf.get_status(), fetch(url).text) == ("UpdateFailed", "hello")
    assert "Error" not in scf.call("UpdateFunctionCode", **NAME, Code={"ZipFile": pack()})
    scf.pass_time(1)
    assert scf.get_status() == "Active"


def test_slow_change_takes_its_time(scf: Scf) -> None:
    scf.tencent.plan(where="function", what="slow", ms=60_000)
    scf.create()
    scf.pass_time(60)
    assert scf.get_status() == "Creating"
    scf.pass_time(1)
    assert scf.get_status() == "Active"


def test_url_appears_later_and_is_open_to_whom_its_trigger_says(scf: Scf) -> None:
    scf.make()
    scf.call("CreateTrigger", **NAME, **URL, TriggerDesc=describe_url(), Enable="OPEN")
    assert scf.get_details("http")["NetConfig"]["ExtranetUrl"] == ""
    scf.pass_time(1)
    url = scf.get_details("http")["NetConfig"]["ExtranetUrl"]
    assert fetch(f"{url}/path").text == "hello"
    for change in ({"TriggerDesc": describe_url("CAM")}, {"Enable": "CLOSE"}):
        assert "Error" not in scf.call("UpdateTrigger", **NAME, **URL, **change)
        assert fetch(url).status_code == 403
    opened = {"TriggerDesc": describe_url(), "Enable": "OPEN"}
    scf.call("UpdateTrigger", **NAME, **URL, **opened)
    assert fetch(url).status_code == 200
    scf.call("DeleteTrigger", **NAME, **URL)
    assert fetch(url).status_code == 404
    assert scf.make_url() != url
    scf.call("DeleteFunction", **NAME)
    assert fetch(url).status_code == 404


def test_functions_made_by_the_api_are_at_their_urls_only(scf: Scf) -> None:
    scf.make()
    assert fetch(f"{scf.tencent.url}/functions/hello-1").status_code == 404


def test_timer_runs_its_function_while_it_is_open(scf: Scf) -> None:
    scf.make()
    scf.call("CreateTrigger", **NAME, **TIMER, TriggerDesc="*/30 * * * * * *")
    scf.pass_time(90)
    assert scf.count_runs() == 3
    scf.call("UpdateTrigger", **NAME, **TIMER, Enable="CLOSE")
    scf.pass_time(90)
    assert scf.count_runs() == 3


@pytest.mark.parametrize(("retries", "runs"), [(None, 3), (0, 1)])
def test_failed_event_is_repeated_as_often_as_the_function_says(
    scf: Scf, retries: int | None, runs: int
) -> None:
    scf.make()
    if retries is not None:
        again = {"RetryConfig": [{"RetryNum": retries}], "MsgTTL": 60}
        scf.call("UpdateFunctionEventInvokeConfig", **NAME, AsyncTriggerConfig=again)
    scf.call("Invoke", **NAME, InvocationType="Event", ClientContext='{"fail": true}')
    scf.pass_time(300)
    assert scf.count_runs() == runs


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"RetryConfig": [{"RetryNum": 3}], "MsgTTL": 60}, "LimitExceeded.RetryNum"),
        ({"RetryConfig": [{"RetryNum": 0}], "MsgTTL": 59}, "LimitExceeded.MsgTTL"),
        ({"MsgTTL": 60}, "MissingParameter"),
    ],
)
def test_event_settings_out_of_range_are_refused(
    scf: Scf, wanted: dict[str, object], code: str
) -> None:
    scf.make()
    refused = scf.call("UpdateFunctionEventInvokeConfig", **NAME, AsyncTriggerConfig=wanted)
    assert get_code(refused) == code


def test_reserved_concurrency_is_enough_for_an_instance(scf: Scf) -> None:
    scf.make()
    refused = scf.call("PutReservedConcurrencyConfig", **NAME, ReservedConcurrencyMem=64)
    assert get_code(refused) == "InvalidParameterValue"
    assert "Error" not in scf.call(
        "PutReservedConcurrencyConfig", **NAME, ReservedConcurrencyMem=128
    )


def test_reserved_concurrency_of_all_functions_leaves_something_for_others(scf: Scf) -> None:
    scf.make()
    other = {"FunctionName": "hello-2"}
    assert "Error" not in scf.create(**other)
    asked = {"ReservedConcurrencyMem": 51_200}
    assert "Error" not in scf.call("PutReservedConcurrencyConfig", **NAME, **asked)
    assert "Error" not in scf.call("PutReservedConcurrencyConfig", **NAME, **asked)
    refused = scf.call("PutReservedConcurrencyConfig", **other, ReservedConcurrencyMem=128)
    assert get_code(refused) == "LimitExceeded.FunctionReservedConcurrencyMemory"
    scf.call("DeleteReservedConcurrencyConfig", **NAME)
    done = scf.call("PutReservedConcurrencyConfig", **other, ReservedConcurrencyMem=128)
    assert "Error" not in done


@pytest.mark.parametrize("action", ["Get", "Delete"])
def test_reserved_concurrency_of_no_function_is_refused(scf: Scf, action: str) -> None:
    refused = scf.call(f"{action}ReservedConcurrencyConfig", **NAME)
    assert get_code(refused) == "ResourceNotFound.Function"


def test_system_log_is_switched_with_a_boolean_only(scf: Scf) -> None:
    scf.make()
    refused = scf.call("UpdateFunctionConfiguration", **NAME, IgnoreSysLog="TRUE")
    assert get_code(refused) == "InvalidParameter"


def test_whole_local_cloud_has_it_beside_its_own_functions(tmp_path: Path) -> None:
    with running_tencent(tmp_path, Path("none"), "--clock", "manual", command="up") as tencent:
        assert get_code(tencent.call("GetFunction", **NAME)) == "ResourceNotFound.Function"
        Scf(tencent, tmp_path / "record").make()
        assert json.loads(tencent.call("Invoke", **NAME)["Result"]["RetMsg"])["body"] == "hello"
        drained = tencent.call("Invoke", FunctionName="drain_starts")["Result"]
        assert drained["InvokeResult"] == 0
        code = {"Code": CODE["Code"]}
        gone = tencent.call("UpdateFunctionCode", FunctionName="drain_starts", **code)
        assert (
            get_code(gone) == "ResourceNotFound.Function"
        )  # it is a source, and not made by the API


def test_fault_of_functions_needs_functions_that_are_made() -> None:
    with running_cloud() as cloud:
        answer = cloud.http.post("/_local/faults", json={"where": "function", "what": "fail"})
    assert (answer.status_code, "functions are not made" in answer.text) == (409, True)
