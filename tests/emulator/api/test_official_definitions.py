"""Tencent's definitions, as tccli ships them, against the emulator and against what the functions send."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec.inspect
import pytest

from local.cloud.clock import ManualClock
from local.cloud.fields import Field
from local.cloud.parameters import ACTIONS
from shared.services.service import SERVICES
from tests.emulator.api import definitions
from tests.emulator.api.definitions import Parameter
from tests.emulator.official_clients import run_intl
from tests.emulator.official_sdk import SDK_APP_ID, flatten
from tests.support.emulator import CONFIG, RunningCloud, make_user_sig, running_cloud

# What the international edition of the SDK does not have, nor its documents.
ONLY_CHINA = {
    "TranscriptionParams.TargetUserIdList",
    "TranscriptionParams.IMAdminUserId",
    "TranscriptionParams.IMAdminUserSig",
    "RecognizeConfig.Model",
    "RecognizeConfig.TranslationLanguage",
}
DEPRECATED = ONLY_CHINA - {"TranscriptionParams.TargetUserIdList"}
# Required by the definitions, and not by our models: the API tells whoever leaves them out.
LEFT_TO_THE_API = {
    "TranslationConfig.TargetLanguages",
    "TranslationConfig.TTSConfig.VoiceId",
    "TTSParam[].Model",
    "TTSParam[].Language",
    "TTSParam[].TargetUser",
    "TTSParam[].TTSRobotUser",
    "TTSParam[].Voice",
    "TTSParam[].Voice.VoiceId",
}


def test_there_are_these_actions() -> None:
    assert tuple(ACTIONS) == definitions.ACTIONS


@pytest.mark.parametrize("action", definitions.ACTIONS)
def test_emulator_has_every_parameter_with_its_type_its_place_and_whether_it_is_required(
    action: str,
) -> None:
    assert dict(list_fields(ACTIONS[action].table)) == definitions.list_parameters(action)


def list_fields(table: Mapping[str, Field], path: str = "") -> Iterator[tuple[str, Parameter]]:
    """A table of the emulator, as `definitions` shows a request."""
    for name, field in table.items():
        kind = f"list of {field.item.kind}" if field.item else str(field.kind)
        yield f"{path}{name}", Parameter(kind, field.missing is not None)
        inner = field.item.fields if field.item else field.fields
        yield from list_fields(inner or {}, f"{path}{name}{'[]' if field.item else ''}.")


@pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.name)
def test_start_request_has_every_parameter_with_its_type_and_place(service: Any) -> None:
    ours = dict(list_model(msgspec.inspect.type_info(service.model)))
    official = definitions.list_parameters(service.actions["start"])
    assert {path: one.kind for path, one in ours.items()} == {
        path: one.kind for path, one in official.items()
    }
    assert {path for path in official if ours[path] != official[path]} <= LEFT_TO_THE_API
    assert not any(one.required and not official[path].required for path, one in ours.items())


def list_model(model: Any, path: str = "") -> Iterator[tuple[str, Parameter]]:
    """A request model, as `definitions` shows a request."""
    for field in model.fields:
        kind, inner = read_kind(field.type)
        name = f"{path}{field.encode_name}"
        yield name, Parameter(kind, field.required)
        if inner is not None:
            yield from list_model(inner, f"{name}{'[]' if kind.startswith('list') else ''}.")


def read_kind(kind: Any) -> tuple[str, Any]:
    """The kind of a field that may be None, and the model of what is in it, if there is one."""
    if isinstance(kind, msgspec.inspect.UnionType):
        (kind,) = (one for one in kind.types if not isinstance(one, msgspec.inspect.NoneType))
    if isinstance(kind, msgspec.inspect.ListType):
        name, inner = read_kind(kind.item_type)
        return f"list of {name}", inner
    if isinstance(kind, msgspec.inspect.StructType):
        return "object", kind
    if isinstance(kind, msgspec.inspect.LiteralType):
        return type(kind.values[0]).__name__, None
    return {"IntType": "int", "FloatType": "float", "StrType": "str"}[type(kind).__name__], None


@pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.name)
def test_question_and_stop_have_what_is_required_and_nothing_unknown(service: Any) -> None:
    sent = service.name_task(SDK_APP_ID, "t").keys()
    for action in (service.actions["describe"], service.actions["stop"]):
        official = definitions.list_parameters(action)
        assert {path for path, one in official.items() if one.required} == {*sent}


def test_editions_differ_in_what_is_listed_and_in_nothing_else() -> None:
    intl = run_intl("models")
    for action in definitions.ACTIONS:
        china = {path for path, one in definitions.list_parameters(action).items() if is_leaf(one)}
        there = {path.removeprefix(".").removesuffix("[]") for path in flatten(intl[action])}
        assert there <= china
        assert china - there == {path for path in ONLY_CHINA if path in china}


def is_leaf(parameter: Parameter) -> bool:
    return "object" not in parameter.kind


def test_deprecated_is_what_is_listed() -> None:
    found = {path for action in definitions.ACTIONS for path in definitions.list_deprecated(action)}
    assert found == DEPRECATED


CALLS = [
    (action, one)
    for action in definitions.TASK_ACTIONS
    for one in definitions.list_examples(action)
]


@pytest.mark.parametrize(("action", "example"), CALLS, ids=[action for action, _ in CALLS])
def test_example_is_answered_in_the_form_of_the_example(
    action: str, example: definitions.Example
) -> None:
    """The definitions' example of 1.0's Describe names no task, and there a switch says so, too."""
    config = replace(CONFIG, preparing_ms=0, session_query_names_task=False)
    with running_cloud(config, clock=ManualClock()) as cloud:
        answer = cloud.call(action, fill(cloud, action, example.parameters))
    assert find_forms(answer) == find_forms(example.answer)
    official = definitions.list_answer(action)
    assert answer.keys() <= official.keys()
    assert {name for name, one in official.items() if one.required} <= answer.keys()


def fill(cloud: RunningCloud, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The example's parameters with an application, a UserSig and a task of ours, where it has one."""
    filled = dict(parameters)
    if "SdkAppId" in filled:
        filled["SdkAppId"] = SDK_APP_ID
    if "TaskId" in filled:
        start = cloud.start_ai if ACTIONS[action].service == "ai" else cloud.start_cloud
        filled["TaskId"] = start()["TaskId"]
    for name in ("TranscriptionParams", "TranscriptionParam"):
        if name in filled:
            filled[name] = {**filled[name], "UserSig": make_user_sig(filled[name]["UserId"])}
    return filled


def find_forms(answer: Mapping[str, Any]) -> dict[str, str]:
    """Each part's form, a status whole; where an example only has a placeholder, the documented form."""
    return {
        name: str(value)
        if name == "Status"
        else PLACEHOLDERS.get(value) or definitions.find_form(value)
        for name, value in answer.items()
    }


PLACEHOLDERS = {"taskid": "TaskId of 1.0", "requestid": "RequestId"}


@pytest.mark.parametrize("action", ["DescribeAITranscription", "StopAITranscription"])
def test_task_ids_of_the_examples_are_well_formed(action: str) -> None:
    with running_cloud() as cloud:
        for example in definitions.list_examples(action):
            error = cloud.call(action, example.parameters)["Error"]
            assert error["Code"] == "FailedOperation.TaskNotExist"
