"""What a fault can say, and what it is told when it makes no sense."""

import contextlib
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cloud.faults.documents import FaultError, parse_fault, parse_header, write_fault
from local.cloud.faults.kinds import KINDS

CREATE, STOP = "CreateCloudTranscription", "StopAITranscription"
ACTIONS = frozenset({"StartAITranscription", CREATE, STOP, "Invoke"})
DOCUMENT = (Path(__file__).parents[3] / "docs" / "faults.md").read_text(encoding="utf-8")
API, CALLBACK = {"where": "api"}, {"where": "callback"}
INSTANCE, REDIS, TASK = {"where": "instance"}, {"where": "redis"}, {"where": "task"}


@pytest.mark.parametrize(
    "said",
    [
        {**API, "what": "error", "when": "after", "code": "ResourceNotFound"},
        {**API, "what": "status", "status": 503, "actions": ["Invoke"], "rate": 0.05, "seed": 7},
        {**API, "what": "hang", "when": "before", "times": 3, "skip": 2, "room": "class-*"},
        {**API, "what": "drip", "ms": 10},
        {**API, "what": "latency", "ms": 3000, "when": "after"},
        {**API, "what": "quota"},
        {**API, "what": "error", "code": "FailedOperation.Whatever", "actions": ["Invoke"]},
        {**CALLBACK, "what": "lose", "events": [101, 1402]},
        {**CALLBACK, "what": "duplicate", "copies": 3, "ms": 0},
        {**CALLBACK, "what": "delay", "ms": 20_000},
        {**INSTANCE, "what": "kill", "step": "effect", "function": "trtc_callback"},
        {**REDIS, "what": "restart", "ms": 2000},
        {**TASK, "what": "crash", "leave_code": 99, "after_ms": 5, "service": "ai"},
    ],
)
def test_fault_is_shown_as_it_was_said(said: dict[str, object]) -> None:
    assert said.items() <= write_fault(parse_fault(said, ACTIONS)).items()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, "where"),
        (
            {"where": "moon", "what": "error"},
            "where must be one of api, callback, cos, endpoint, function",
        ),
        (API, "what"),
        ({**API, "what": "explode"}, "what must be one of error, status, hang"),
        ({**API, "what": "hang", "when": "during"}, "when must be one of before, after"),
        ({**API, "what": "hang", "colour": 1}, "unknown field `colour`"),
        ({**API, "what": "hang", "rate": 0}, "rate: .*> 0"),
        ({**API, "what": "hang", "rate": 1.5}, "rate: .*<= 1"),
        ({**API, "what": "hang", "times": 0}, "times: .*>= 1"),
        ({**API, "what": "hang", "times": True}, "times: "),
        ({**API, "what": "hang", "actions": "Invoke"}, "actions: "),
        ({**API, "what": "hang", "actions": ["Dance"]}, "there is no Dance; there are Create"),
        ({**API, "what": "throttle", "ms": 5}, "ms does not go with throttle"),
        ({**API, "what": "hang", "code": "InternalError"}, "code does not go with hang"),
        ({**API, "what": "throttle", "when": "after"}, "when does not go with throttle"),
        ({**API, "what": "error", "code": "not a code"}, "code: "),
        ({**API, "what": "error", "status": 500}, "status does not go with error"),
        ({**API, "what": "status", "status": 200}, "status: .*>= 400"),
        ({**API, "what": "latency"}, "ms is needed for latency"),
        (
            {**API, "what": "error", "code": "InvalidParameter.UserSig", "actions": [CREATE]},
            f"code: {CREATE} has no InvalidParameter.UserSig; it has AuthFailure, .*OutOfRange",
        ),
        (
            {**API, "what": "error", "code": "ResourceNotFound.Task", "actions": ["Invoke", STOP]},
            f"code: {STOP} has no ResourceNotFound.Task; it has FailedOperation.TaskNotExist, ",
        ),
        (
            {**API, "what": "error", "code": "UnsupportedOperation.TaskLimit"},
            "code: no action has UnsupportedOperation.TaskLimit; there are ActionOffline, ",
        ),
        ({**API, "what": "quota", "actions": [CREATE, STOP]}, f"quota is of .* and {CREATE} only"),
        ({**CALLBACK, "what": "delay"}, "ms is needed for delay"),
        ({**CALLBACK, "what": "lose", "copies": 2}, "copies does not go with lose"),
        ({**CALLBACK, "what": "lose", "events": [100]}, "there is no 100; there are 101, 102"),
        ({**INSTANCE, "step": "later"}, "step must be one of now, event, call, effect"),
        ({**INSTANCE, "step": "call", "events": [101]}, "events goes with step event only"),
        ({**INSTANCE, "step": "event", "actions": ["Invoke"]}, "actions goes with the steps"),
        ({**REDIS, "rate": 0.5}, "need a step"),
        ({**REDIS, "every": 2}, "need a step"),
        ({**REDIS, "for_ms": 2}, "need a step"),
        ({"where": "cos", "what": "latency"}, "ms is needed for latency"),
        ({"where": "cos", "what": "drop", "code": "SlowDown"}, "code does not go with drop"),
        ({"where": "cos", "what": "drop", "operations": ["Put"]}, "operations must be one of Put"),
        ({"where": "function", "what": "slow"}, "ms is needed for slow"),
        ({"where": "function", "what": "fail", "ms": 5}, "ms does not go with fail"),
        ({**API, "what": "throttle", "every": 0}, "every: .*>= 1"),
        ({**TASK, "leave_code": 7}, "leave_code must be one of 0, 1, 2"),
        ({**TASK, "service": "both"}, "service must be one of ai, cloud"),
    ],
)
def test_fault_that_makes_no_sense_is_told_why(said: dict[str, object], sentence: str) -> None:
    with pytest.raises(FaultError, match=sentence):
        parse_fault(said, ACTIONS)


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("", "JSON object"),
        ("[]", "JSON object"),
        ('{"what": "hang", "rate": 0.5}', "rate makes no sense for one call"),
        ('{"where": "callback", "what": "lose"}', "where must be api"),
        ('{"what": "sulk"}', "what must be one of"),
        ('{"what": "error", "code": "FailedOperation.TaskNotExist"}', f"{CREATE} has no Failed"),
    ],
)
def test_header_is_a_fault_of_one_call(header: str, sentence: str) -> None:
    with pytest.raises(FaultError, match=sentence):
        parse_header(header, CREATE)


_VALUES: Any = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text())
_FIELDS = ["what", "when", "actions", "events", "code", "ms", "step", "leave_code", "rate"]


@given(where=st.sampled_from([*KINDS]), fields=st.dictionaries(st.sampled_from(_FIELDS), _VALUES))
def test_nothing_said_is_anything_but_a_fault_or_an_error(
    where: str, fields: dict[str, object]
) -> None:
    with contextlib.suppress(FaultError):
        parse_fault({"where": where, **fields}, ACTIONS)


def test_document_names_every_fault_and_every_field() -> None:
    table = DOCUMENT.partition("## What can happen")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z]+)` \| `([a-z]+)` \|", table, re.MULTILINE)
    assert rows == [
        (where, what)
        for where, kind in KINDS.items()
        for what in sorted(kind.__annotations__["what"].__args__, key=str)
    ]
    for kind in KINDS.values():
        for field in msgspec.structs.fields(kind):
            assert f"`{field.name}`" in DOCUMENT, field.name
