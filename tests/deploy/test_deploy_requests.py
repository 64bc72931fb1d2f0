"""What tccli.sh asks of SCF: the same that serverless.yml describes, and nothing that SCF refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.functions import (
    APART,
    FUNCTIONS,
    RUNTIME,
    choose_functions,
    describe_code,
    describe_configuration,
    describe_trigger,
    is_configured,
    list_variables,
    name_function,
)
from tests.deploy.serverless_yml import EXAMPLE, INPUTS, read_environment, resolve

ENVIRON = {
    **{name: value for name, value in EXAMPLE.items() if value},
    "TRTC_SDK_APP_ID": "1400000000",
    "TRTC_SDK_SECRET_KEY": "SdkSecret",
    "TRTC_CALLBACK_KEY": "callbackKey",
    "TRANSCRIPT_LINK_KEY": "a key made up by somebody",
}
KEYS = [function.key for function in FUNCTIONS]


def read_variables(environ: dict[str, str]) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in list_variables(environ)}


@pytest.mark.parametrize("function", FUNCTIONS, ids=KEYS)
def test_function_is_as_serverless_describes_it(function: Any) -> None:
    described = INPUTS["functions"][function.key]
    asked = describe_configuration(function, ENVIRON)
    assert function.handler == described["handler"]
    assert name_function(ENVIRON, function.key) == resolve(described["name"])
    assert (asked["Timeout"], asked["MemorySize"]) == (
        described["timeout"],
        described["memorySize"],
    )
    assert (asked["Role"], RUNTIME) == (EXAMPLE["ROLE"], INPUTS["runtime"])
    assert read_variables(ENVIRON).keys() == read_environment(function.key).keys()


def test_every_function_is_deployed_and_the_drainer_first() -> None:
    """The callback calls the drainer, so that it has to be there before."""
    assert sorted(KEYS) == sorted(INPUTS["functions"])
    assert KEYS[0] == "drain_starts"


def test_triggers_are_those_of_serverless() -> None:
    asked = {one.key: describe_trigger(one) for one in FUNCTIONS if one.runs_by}
    assert {key: one["Type"] for key, one in asked.items()} == {
        one["function"]: one["type"] for one in INPUTS["triggers"]
    }
    timers = [one for one in INPUTS["triggers"] if one["type"] == "timer"]
    for timer in timers:
        trigger, parameters = asked[timer["function"]], timer["parameters"]
        assert trigger["TriggerDesc"] == parameters["cronExpression"]
        assert trigger["TriggerName"] == parameters["name"]
    assert {timer["function"] for timer in timers} == {"deliver", "drain_starts"}
    assert json.loads(asked["trtc_callback"]["TriggerDesc"]) == {
        "AuthType": "NONE",
        "NetConfig": {"EnableExtranet": True, "EnableIntranet": False},
    }


def test_code_is_the_package(tmp_path: Path) -> None:
    (tmp_path / "package.zip").write_bytes(b"the package")
    asked = describe_code(FUNCTIONS[1], tmp_path / "package.zip")
    assert asked["Code"] == {"ZipFile": "dGhlIHBhY2thZ2U="}


def test_empty_variables_are_not_sent() -> None:
    empty = {**ENVIRON, "TRANSCRIPT_LINK_KEY": "", "LOG_LEVEL": ""}
    sent = read_variables(empty)
    assert "" not in sent.values()
    assert sent.keys() == read_variables(ENVIRON).keys() - {"TRANSCRIPT_LINK_KEY", "LOG_LEVEL"}


@pytest.mark.parametrize(("given", "name"), [("", "stage"), ("blue", "blue")])
def test_ledger_is_called_like_the_stage_where_nothing_else_is_said(given: str, name: str) -> None:
    environ = {**ENVIRON, "STAGE": "stage", "LEDGER_NAME": given}
    assert read_variables(environ)["LEDGER_NAME"] == name


def test_several_applications_are_passed_on() -> None:
    assert read_variables({**ENVIRON, "TRTC_APPS": "[1]"})["TRTC_APPS"] == "[1]"


def test_keys_of_who_deploys_are_not_passed_on() -> None:
    keys = {"TENCENT_SECRET_ID": "i", "TENCENT_SECRET_KEY": "k", "TENCENT_TOKEN": "t"}
    assert read_variables({**ENVIRON, **keys}) == read_variables(ENVIRON)


def test_network_is_asked_for_where_there_is_one() -> None:
    asked = describe_configuration(FUNCTIONS[0], {**ENVIRON, "VPC_ID": "v", "SUBNET_ID": "s"})
    assert asked["VpcConfig"] == {"VpcId": "v", "SubnetId": "s"}
    assert "VpcConfig" not in describe_configuration(FUNCTIONS[0], ENVIRON)


def test_transcription_events_are_a_second_callback_function() -> None:
    assert choose_functions({"TRANSCRIPTION_EVENTS": "apart"}) == (*FUNCTIONS, APART)
    first = FUNCTIONS[KEYS.index("trtc_callback")]
    assert describe_configuration(APART, ENVIRON) == describe_configuration(first, ENVIRON)
    assert (APART.handler, APART.runs_by) == (first.handler, first.runs_by)
    longest = name_function({"STAGE": "s" * 28}, APART.key)
    assert len(longest) == 60


WANTED = describe_configuration(FUNCTIONS[0], {**ENVIRON, "VPC_ID": "v", "SUBNET_ID": "s"})


@pytest.mark.parametrize(
    ("change", "configured"),
    [
        ({}, True),
        ({"Description": "somebody's words"}, True),
        ({"MemorySize": 128}, False),
        ({"Timeout": 3}, False),
        ({"Role": ""}, False),
        ({"VpcConfig": {"VpcId": "", "SubnetId": ""}}, False),
        ({"Environment": {"Variables": []}}, False),
        ({"Environment": None}, False),
        ({"PublicNetConfig": None}, False),
    ],
)
def test_configuration_that_differs_is_seen(change: dict[str, object], configured: bool) -> None:
    net = {"PublicNetStatus": "ENABLE", "EipConfig": {"EipStatus": "DISABLE", "EipAddress": []}}
    found = {**WANTED, "PublicNetConfig": net, **change}
    assert is_configured(found, WANTED) is configured
