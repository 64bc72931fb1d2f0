"""Tencent's machine-readable definitions of the emulated actions, as tccli ships them."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.emulator.official_clients import TCCLI

VERSION = "v20190722"
TASK_ACTIONS = (
    "StartAITranscription",
    "DescribeAITranscription",
    "StopAITranscription",
    "CreateCloudTranscription",
    "DescribeCloudTranscription",
    "DeleteCloudTranscription",
)
ROOM_ACTIONS = ("DescribeRoomInfo", "DescribeUserInfo")
ACTIONS = (*TASK_ACTIONS, *ROOM_ACTIONS)
KINDS = {"int": "int", "float": "float", "string": "str", "object": "object"}
ITEMS = {"string": "str"}  # of the lists that hold no objects


class Parameter(NamedTuple):
    """One parameter or one part of an answer; of a list, `kind` is "list of" its items' kind."""

    kind: str
    required: bool


class Example(NamedTuple):
    """An example call and its answer, without HTTP around it."""

    parameters: dict[str, Any]
    answer: dict[str, Any]


@lru_cache(maxsize=2)
def load(name: str) -> Any:
    """`api` or `examples`."""
    pattern = f"../lib/python3*/site-packages/tccli/services/trtc/{VERSION}/{name}.json"
    found = sorted(TCCLI.parent.glob(pattern))
    assert found, f"{TCCLI.parent.parent} has no tccli: make .venv/*/tccli.done brings it"
    return json.loads(Path(found[0]).read_text(encoding="utf-8"))


def list_parameters(action: str) -> dict[str, Parameter]:
    """What the action's request may have, by path: `TTSParam[].Voice.Pitch`."""
    members = _list_members(load("api")["actions"][action]["input"], "")
    return {path: Parameter(_read_kind(one), one["required"]) for path, one in members}


def list_answer(action: str) -> dict[str, Parameter]:
    """What the action's answer has; RequestId, which every answer has, does not say so itself."""
    members = _list_members(load("api")["actions"][action]["output"], "")
    needed = "output_required"
    return {path: Parameter(_read_kind(one), one.get(needed, True)) for path, one in members}


def list_examples(action: str) -> list[Example]:
    """The official examples of an action."""
    return [_read_example(one) for one in load("examples")["actions"][action]]


def list_deprecated(action: str) -> set[str]:
    """The parameters that the definitions show as switched off: documents no longer have them."""
    members = _list_members(load("api")["actions"][action]["input"], "")
    return {path for path, member in members if member.get("disabled")}


def _list_members(model: str, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    objects = load("api")["objects"]
    for member in objects[model]["members"]:
        inner = f"{path}{member['name']}{'[]' if member['type'] == 'list' else ''}"
        yield f"{path}{member['name']}", member
        if member["member"] in objects:
            yield from _list_members(member["member"], f"{inner}.")


def _read_kind(member: Mapping[str, Any]) -> str:
    if member["type"] != "list":
        return KINDS[member["type"]]
    is_object = member["member"] in load("api")["objects"]
    return f"list of {'object' if is_object else ITEMS[member['member']]}"


def _read_example(example: Mapping[str, str]) -> Example:
    body = example["input"].partition("\n\n")[2]
    answer = json.loads(example["output"])["Response"]
    return Example(json.loads(body), answer)


def find_form(value: object) -> str:
    """The form of an answer's value: its type, and of text what it looks like."""
    if not isinstance(value, str):
        return f"{type(value).__name__} of {len(str(value))} digits"
    for form, pattern in FORMS.items():
        if re.fullmatch(pattern, value):
            return form
    return "text"


# Asterisks stand in the examples for what Tencent does not show.
FORMS = {
    "TaskId of 1.0": r"v2_\d{8}_[A-Za-z0-9_-]{90,110}",
    "TaskId of 2.0": r"[A-Za-z0-9+*-]{35,75}\.{1,3}",
    "RequestId": r"[0-9a-f*-]{20,36}",
    "time with microseconds": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}",
    "word": r"[A-Z][A-Za-z]+",
}
