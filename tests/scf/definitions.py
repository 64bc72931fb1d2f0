"""Tencent's machine-readable definitions of SCF's actions, as tccli ships them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from local.cloud.fields import Table
from tests.support.tccli_deployment import TCCLI

KINDS = {
    "bool": "bool",
    "int": "int",
    "float": "float",
    "string": "str",
    "object": "object",
    "list": "list",
}
TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "string": (str,),
    "object": (dict,),
    "list": (list,),
}


@lru_cache(maxsize=4)
def load(name: str) -> Any:
    """`api` or `examples`."""
    (path,) = TCCLI.parent.glob(
        f"lib/python3*/site-packages/tccli/services/scf/v20180416/{name}.json"
    )
    return json.loads(path.read_text(encoding="utf-8"))


def list_codes() -> set[str]:
    """Every error code that the SDK names for SCF."""
    pattern = "lib/python3*/site-packages/tencentcloud/scf/v20180416/errorcodes.py"
    (path,) = TCCLI.parent.glob(pattern)
    return set(re.findall(r"^[A-Z0-9_]+ = '([\w.]+)'", path.read_text(encoding="utf-8"), re.M))


def read_example(action: str) -> Any:
    """The answer in the action's official example."""
    return json.loads(load("examples")["actions"][action][0]["output"])["Response"]


def compare_table(table: Table, model: str) -> Iterator[str]:
    """What a table of parameters says otherwise than the definitions."""
    members = {one["name"]: one for one in load("api")["objects"][model]["members"]}
    needed = {name for name, member in members.items() if member["required"]}
    for name in needed - table.keys():
        yield f"{model}.{name} is required, and missing here"
    for name, field in table.items():
        member = members.get(name)
        if member is None:
            yield f"{model}.{name} does not exist"
            continue
        if (KINDS[member["type"]], member["required"]) != (field.kind, field.missing is not None):
            yield f"{model}.{name} is {member['type']}, required: {member['required']}"
        inner = field.fields or (field.item.fields if field.item else None)
        if inner is not None:
            yield from compare_table(inner, member["member"])


def compare_answer(answer: dict[str, Any], model: str) -> Iterator[str]:
    """What an answer has otherwise than the definitions."""
    members = {one["name"]: one for one in load("api")["objects"][model]["members"]}
    yield from (f"{model}.{name} does not exist" for name in answer.keys() - members.keys())
    for name, member in members.items():
        if name not in answer:
            if member.get("output_required", name == "RequestId"):
                yield f"{model}.{name} is missing"
            continue
        yield from _compare_value(answer[name], member, f"{model}.{name}")


def _compare_value(value: object, member: dict[str, Any], place: str) -> Iterator[str]:
    if value is None:
        if not member.get("value_allowed_null"):
            yield f"{place} must not be null"
        return
    if type(value) not in TYPES[member["type"]]:
        yield f"{place} must be {member['type']}"
        return
    parts: list[Any] = value if isinstance(value, list) else [value]
    if member["member"] in load("api")["objects"]:
        for part in parts:
            yield from compare_answer(part, member["member"])
